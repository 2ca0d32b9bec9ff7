public import Reading

/// How records lie beside each other in a file: what goes when one is left out, and what stands between
/// copies.
public struct RecordLayout {
    private let source: SourceBytes
    private let spans: [RecordSpan]
    private let isArray: Bool

    /// Looks at the records of a source.
    public init(_ source: SourceBytes, spans: [RecordSpan], format: SourceFormat) {
        self.source = source
        self.spans = spans
        isArray =
            switch format {
            case .jsonArray, .jsonObjectOfArrays: true
            default: false
            }
    }

    private func end(_ row: Int) -> Int { spans[row].offset + spans[row].length }

    /// The bytes that go with each row of an ascending list of rows that are left out; ranges do not overlap.
    ///
    /// A line goes with its line break. An element of an array goes with the comma before it, or behind it where
    /// nothing of its array is left before it. Everything else, records that cannot be read among it, stays.
    public func removals(_ rows: [Int]) -> [Range<Int>] {
        guard isArray else { return rows.map(line) }
        let left = isAnythingLeft(before: rows)
        return rows.map { row in
            let start = spans[row].offset
            if left[row] == true, let comma = mark(before: start) { return comma..<end(row) }
            guard let next = mark(from: end(row)), source.bytes[next] == UInt8(ascii: ",") else {
                return start..<end(row)
            }
            return start..<(mark(from: next + 1) ?? next + 1)
        }
    }

    /// Of each of an ascending list of elements that are left out, whether anything of its array is left before
    /// it: a record that stays, or one that cannot be read.
    private func isAnythingLeft(before rows: [Int]) -> [Int: Bool] {
        var left: [Int: Bool] = [:]
        for row in rows {
            guard let comma = mark(before: spans[row].offset),
                source.bytes[comma] == UInt8(ascii: ",")
            else {
                left[row] = false
                continue
            }
            let isNeighbour = row > 0 && mark(before: comma) == end(row - 1) - 1
            left[row] = isNeighbour ? left[row - 1] ?? true : true
        }
        return left
    }

    /// What stands between a record and a copy of it.
    public func separator(_ row: Int) -> [UInt8] {
        if isArray {
            for (left, right) in [(row, row + 1), (row - 1, row)]
            where left >= 0 && right < spans.count && comma(between: left, and: right) != nil {
                return Array(source.bytes[end(left)..<spans[right].offset])
            }
            return Array(",\n".utf8)
        }
        let bytes = source.bytes
        // The last line may have no break of its own: the one before it tells.
        for row in [row, row - 1] where row >= 0 {
            let end = end(row)
            if end < bytes.count { return bytes[end] == 0x0D ? [0x0D, 0x0A] : [0x0A] }
        }
        return [0x0A]
    }

    /// Where further records go, and what stands there then, when the rows `removed`, ascending, are left out;
    /// `nil` in a file without a record.
    ///
    /// O(bytes of the records).
    public func insertion(
        _ records: [[UInt8]], without removed: [Int]
    ) -> (offset: Int, pieces: [[UInt8]])? {
        guard let last = spans.indices.last else { return nil }
        let separator = separator(last)
        let isLastRemoved = removed.last == last
        func behind() -> [[UInt8]] { records.map { $0 + separator } }
        func before(isFirstBare: Bool) -> [[UInt8]] {
            records.enumerated().map { index, record in
                (index == 0 && isFirstBare ? [] : separator) + record
            }
        }
        guard isArray else {
            let bytes = source.bytes
            if bytes.last == 0x0A { return (bytes.count, behind()) }
            // Without the last line the file ends in the break of the line before.
            return (
                bytes.count, before(isFirstBare: isLastRemoved && end(last) == bytes.count)
            )
        }
        guard isLastRemoved, let gap = removals(removed).last else {
            return (end(last), before(isFirstBare: false))
        }
        // What cannot be read may stand behind it, and the comma is gone.
        if gap.upperBound > end(last) { return (gap.upperBound, behind()) }
        return (
            end(last), before(isFirstBare: isAnythingLeft(before: removed)[last] == false)
        )
    }

    /// A record with its line break.
    private func line(_ row: Int) -> Range<Int> {
        let bytes = source.bytes
        let limit = row + 1 < spans.count ? spans[row + 1].offset : bytes.count
        var place = end(row)
        while place < limit, bytes[place] != 0x0A, bytes[place] <= 0x20 { place += 1 }
        let isWhole = place < limit && bytes[place] == 0x0A
        return spans[row].offset..<(isWhole ? place + 1 : end(row))
    }

    /// The comma between two neighbours, when nothing else stands there.
    private func comma(between left: Int, and right: Int) -> Int? {
        var found: Int?
        for place in end(left)..<spans[right].offset {
            let byte = source.bytes[place]
            if byte <= 0x20 { continue }
            guard byte == UInt8(ascii: ","), found == nil else { return nil }
            found = place
        }
        return found
    }

    /// The last byte before a place that is no white space.
    private func mark(before offset: Int) -> Int? {
        var place = offset - 1
        while place >= 0, source.bytes[place] <= 0x20 { place -= 1 }
        return place >= 0 ? place : nil
    }

    /// The first byte from a place on that is no white space.
    private func mark(from offset: Int) -> Int? {
        var place = offset
        while place < source.bytes.count, source.bytes[place] <= 0x20 { place += 1 }
        return place < source.bytes.count ? place : nil
    }
}
