import BatchStore
import Parallel
import Records
import Reports

/// The texts of the records in a store, found by row.
struct StoredTexts: RecordAccess {
    private let input: Input
    private let batches: [Role: [Batch]]

    private struct Batch {
        let segment: Segment
        let batch: StoredBatch
        let columns: [(name: String, array: StoredArray)]
    }

    /// Columns that are shown, in this order; those of fields come after them.
    private static let order: [ColumnName] = [.system, .prompt, .response, .rejected, .all, .label]

    init(_ input: Input) {
        self.input = input
        var batches: [Role: [Batch]] = [:]
        for stored in input.store.sealed.all().elements {
            for batch in stored.batches {
                let texts = batch.columns.filter { $0.format == "U" }
                let known = StoredTexts.order.compactMap { name in
                    texts.first { $0.name == name.rawValue }
                }
                let fields = texts.filter { $0.name.hasPrefix("field:") }
                batches[batch.role, default: []].append(
                    Batch(
                        segment: stored.segment, batch: batch,
                        columns: (known + fields).map { ($0.name, $0) }))
            }
        }
        self.batches = batches
    }

    func place(_ role: Role, _ row: Int) -> (file: String, line: Int)? { input.place(role, row) }

    func fields(_ role: Role, _ row: Int, limit: Int) -> [RecordField] {
        guard let batch = batch(role, row) else { return [] }
        var label: String?
        return batch.columns.compactMap { name, array in
            guard let bytes = bytes(batch, array, row) else { return nil }
            let text = StoredTexts.whole(bytes, 0..<min(limit, bytes.count))
            if name == ColumnName.label.rawValue { label = text }
            // The field that the label is, and fields without text, say nothing more.
            if name.hasPrefix("field:"), text.isEmpty || text == label { return nil }
            return RecordField(column: name, text: text, byteCount: bytes.count)
        }
    }

    func text(_ role: Role, _ row: Int, column: String, bytes range: Range<Int>) -> String {
        guard let batch = batch(role, row),
            let array = batch.columns.first(where: { $0.name == column })?.array,
            let bytes = bytes(batch, array, row)
        else { return "" }
        return StoredTexts.whole(
            bytes, min(max(0, range.lowerBound), bytes.count)..<min(range.upperBound, bytes.count))
    }

    /// O(log batches).
    private func batch(_ role: Role, _ row: Int) -> Batch? {
        guard let batches = batches[role], row >= 0 else { return nil }
        var (low, high) = (0, batches.count)
        while low < high {
            let middle = (low + high) / 2
            if batches[middle].batch.firstRow + batches[middle].batch.rowCount <= row {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < batches.count ? batches[low] : nil
    }

    /// The bytes of a text; `nil` where there is none.
    private func bytes(_ batch: Batch, _ array: StoredArray, _ row: Int)
        -> UnsafeBufferPointer<UInt8>?
    {
        let index = row - batch.batch.firstRow
        guard array.buffers.count == 3, let offsets = array.buffers[1], let data = array.buffers[2]
        else { return nil }
        let base = batch.segment.base
        if let bitmap = array.buffers[0],
            base.load(fromByteOffset: bitmap.offset + index / 8, as: UInt8.self)
                & 1 << UInt8(index % 8) == 0
        {
            return nil
        }
        let ends = (base + offsets.offset).assumingMemoryBound(to: Int64.self)
        let text = UnsafeRawBufferPointer(
            start: base + data.offset + Int(ends[index]), count: Int(ends[index + 1] - ends[index]))
        return text.bindMemory(to: UInt8.self)
    }

    /// Bytes as text, without the part of a character at either end.
    private static func whole(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> String {
        guard !range.isEmpty else { return "" }
        var (from, to) = (range.lowerBound, range.upperBound)
        while from < to, bytes[from] & 0xC0 == 0x80 { from += 1 }
        while to > from, to < bytes.count, bytes[to] & 0xC0 == 0x80 { to -= 1 }
        return String(decoding: UnsafeBufferPointer(rebasing: bytes[from..<to]), as: UTF8.self)
    }
}
