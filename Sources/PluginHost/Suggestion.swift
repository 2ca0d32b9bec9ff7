/// The known name that is nearest to an unknown one.
public enum Suggestion {
    /// The nearest of `names` by edit distance, when at most a third of the letters differ.
    public static func nearest(to name: String, among names: [String]) -> String? {
        let ranked = names.map { (distance: distance(Array(name.utf8), Array($0.utf8)), name: $0) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let ranked, ranked.distance <= max(1, name.utf8.count / 3) else { return nil }
        return ranked.name
    }

    /// Levenshtein distance.
    ///
    /// O(nm).
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, b) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (a == b ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
