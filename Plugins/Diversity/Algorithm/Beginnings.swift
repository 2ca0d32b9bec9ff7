import Numerics

/// Conversations that are the beginning of longer ones.
///
/// Of every conversation the hash of all its turns is kept, and the hashes up to each earlier answer: where the
/// former stands among the latter of another one, all that it says stands there too.
public struct Beginnings: Sendable {
    /// One hash: two words of it, the row, and the number of turns that come after it.
    private static let width = 4

    private var wholes: [UInt32] = []
    private var parts: [UInt32] = []

    /// None.
    public init() {}

    /// Notes what the first turns of a conversation say, of which `left` more follow.
    public mutating func add(_ hash: UInt64, row: Int, left: Int) {
        if left == 0 {
            Beginnings.append(hash, row, left, to: &wholes)
        } else {
            Beginnings.append(hash, row, left, to: &parts)
        }
    }

    private static func append(_ hash: UInt64, _ row: Int, _ left: Int, to words: inout [UInt32]) {
        words.append(UInt32(truncatingIfNeeded: hash))
        words.append(UInt32(truncatingIfNeeded: hash >> 32))
        words.append(UInt32(truncatingIfNeeded: row))
        words.append(UInt32(clamping: left))
    }

    /// The hash of some turns and one more, of which `role` is the first byte of who speaks.
    public static func adding(_ turn: UInt64, role: UInt8, to hash: UInt64) -> UInt64 {
        StableHash.mix(hash ^ StableHash.mix(turn ^ UInt64(role)))
    }

    /// Adds what was noted of other rows.
    public mutating func append(contentsOf other: Beginnings) {
        wholes += other.wholes
        parts += other.parts
    }

    /// A conversation that is the beginning of a longer one.
    public struct Beginning: Sendable, Equatable {
        /// Its row.
        public let row: Int
        /// The row of the longest that begins so, of several the first.
        public let longer: Int
        /// Turns that the longer one has more.
        public let turns: Int

        /// Makes one.
        public init(row: Int, longer: Int, turns: Int) {
            (self.row, self.longer, self.turns) = (row, longer, turns)
        }
    }

    /// Conversations that are beginnings, by row.
    ///
    /// O(n log n).
    public func found() -> [Beginning] {
        if parts.isEmpty { return [] }
        var longest: [UInt64: (row: Int, turns: Int)] = [:]
        let wanted = Set(entries(wholes).map(\.hash))
        for part in entries(parts) where wanted.contains(part.hash) {
            let known = longest[part.hash]
            if let known, (part.left, -part.row) <= (known.turns, -known.row) { continue }
            longest[part.hash] = (part.row, part.left)
        }
        return entries(wholes).compactMap { whole in
            longest[whole.hash].map {
                Beginning(row: whole.row, longer: $0.row, turns: $0.turns)
            }
        }
        .sorted { $0.row < $1.row }
    }

    private func entries(_ words: [UInt32]) -> [(hash: UInt64, row: Int, left: Int)] {
        stride(from: 0, to: words.count, by: Beginnings.width).map { first in
            let (low, high) = (UInt64(words[first]), UInt64(words[first + 1]))
            return (hash: high << 32 | low, row: Int(words[first + 2]), left: Int(words[first + 3]))
        }
    }

    // MARK: Saving

    /// Everything, as `init(words:)` reads it.
    public var words: [UInt32] { [UInt32(clamping: wholes.count)] + wholes + parts }

    /// Reads what `words` gave; `nil` when it does not fit.
    public init?(words: [UInt32]) {
        guard let count = words.first.map({ Int($0) }), count % Beginnings.width == 0,
            words.count > count, (words.count - 1) % Beginnings.width == 0
        else { return nil }
        wholes = Array(words[1..<1 + count])
        parts = Array(words[(1 + count)...])
    }
}
