/// A version as semver.org 2.0.0 has it.
public struct SemanticVersion: Comparable {
    private let numbers: [Int]
    /// Empty for a release.
    private let preRelease: [Substring]

    /// Reads a version; `nil` for anything else.
    ///
    /// What follows a `+` is checked and has no place in the order.
    public init?(_ text: String) {
        let halves = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = halves[0].split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        let core = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        func isPlain(_ part: Substring) -> Bool {
            !part.isEmpty
                && part.utf8.allSatisfy {
                    SemanticVersion.isDigit($0) || ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A
                        || $0 == 0x2D
                }
        }
        let numbers = core.compactMap { part in
            SemanticVersion.isNumber(part) ? Int(part) : nil
        }
        let preRelease =
            parts.count < 2 ? [] : parts[1].split(separator: ".", omittingEmptySubsequences: false)
        let build =
            halves.count < 2
            ? [] : halves[1].split(separator: ".", omittingEmptySubsequences: false)
        guard core.count == 3, numbers.count == 3, (preRelease + build).allSatisfy(isPlain),
            preRelease.allSatisfy({ part in
                !part.utf8.allSatisfy(SemanticVersion.isDigit) || SemanticVersion.isNumber(part)
            })
        else { return nil }
        self.numbers = numbers
        self.preRelease = preRelease
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    /// Digits without zeros before them, no more than fit.
    private static func isNumber(_ part: Substring) -> Bool {
        !part.isEmpty && part.utf8.count <= 18 && part.utf8.allSatisfy(isDigit)
            && (part == "0" || part.utf8.first != 0x30)
    }

    /// Two versions of which neither comes first.
    public static func == (left: SemanticVersion, right: SemanticVersion) -> Bool {
        !(left < right) && !(right < left)
    }

    /// The order of semver.org.
    public static func < (left: SemanticVersion, right: SemanticVersion) -> Bool {
        if left.numbers != right.numbers {
            return left.numbers.lexicographicallyPrecedes(right.numbers)
        }
        // A release comes after what was before it.
        if left.preRelease.isEmpty || right.preRelease.isEmpty {
            return !left.preRelease.isEmpty && right.preRelease.isEmpty
        }
        for (one, other) in zip(left.preRelease, right.preRelease) where one != other {
            switch (isNumber(one), isNumber(other)) {
            case (true, true): return Int(one) ?? 0 < Int(other) ?? 0
            case (true, false): return true
            case (false, true): return false
            case (false, false): return one.utf8.lexicographicallyPrecedes(other.utf8)
            }
        }
        return left.preRelease.count < right.preRelease.count
    }
}
