import AssayKit
import Numerics

/// The beginnings of some texts, as a report shows them.
struct Excerpts: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [UInt32] = []

    private static let mostBytes = 96

    init() {}

    /// Adds the beginning of a row's text, white space as spaces.
    mutating func append(_ column: TextColumn?, _ position: Int) {
        column?.withBytes(position) { text in
            let whole = PackedBytes.wholeCharacters(text, most: Excerpts.mostBytes)
            for index in 0..<whole { bytes.append(text[index] < 32 ? 32 : text[index]) }
            if whole < text.count { bytes += "…".utf8 }
        }
        ends.append(UInt32(truncatingIfNeeded: bytes.count))
    }

    mutating func append(contentsOf other: Excerpts) {
        let first = UInt32(truncatingIfNeeded: bytes.count)
        bytes += other.bytes
        ends += other.ends.map { $0 &+ first }
    }

    /// The text at a place; empty for none.
    subscript(_ place: Int) -> String {
        guard ends.indices.contains(place) else { return "" }
        let start = place == 0 ? 0 : Int(ends[place - 1])
        return String(decoding: bytes[start..<Int(ends[place])], as: UTF8.self)
    }

    func save(to writer: inout StateWriter) {
        writer.write(bytes)
        writer.write(ends)
    }

    init(from reader: inout StateReader, count: Int) throws {
        bytes = try reader.data()
        ends = try reader.words()
        guard ends.count == count, zip(ends, ends.dropFirst()).allSatisfy({ $0 <= $1 }),
            Int(ends.last ?? 0) == bytes.count
        else { throw AnalyzerError("the saved excerpts do not fit themselves") }
    }
}
