/// How many words must be put in, left out or changed to make one text of another.
public enum EditDistance {
    /// The distance of two texts (Levenshtein 1966); `nil` when it is above `most`.
    ///
    /// O(words · most): only the cells that can still count are filled (Ukkonen 1985).
    public static func words(
        _ first: Span<UInt32>, _ second: Span<UInt32>, most: Int
    ) -> Int? {
        let (n, m) = (first.count, second.count)
        guard abs(n - m) <= most else { return nil }
        let far = most + 1
        // Row by row; cell `place` of a row stands for column row − most + place.
        let width = 2 * most + 1
        var last = [Int](repeating: far, count: width)
        var next = last
        for place in most..<width where place - most <= m { last[place] = place - most }
        for row in 1..<max(1, n + 1) {
            var least = far
            for place in 0..<width {
                let column = row - most + place
                guard (0...m).contains(column) else {
                    next[place] = far
                    continue
                }
                var best = far
                if column > 0 {
                    let isSame = first[row - 1] == second[column - 1]
                    best = last[place] + (isSame ? 0 : 1)
                    if place > 0 { best = min(best, next[place - 1] + 1) }
                } else {
                    best = row
                }
                if place + 1 < width { best = min(best, last[place + 1] + 1) }
                next[place] = min(best, far)
                least = min(least, next[place])
            }
            if least > most { return nil }
            swap(&last, &next)
        }
        let distance = last[m - n + most]
        return distance <= most ? distance : nil
    }
}
