import BatchStore
import Parallel
import Records
import Support
import Testing

@Suite struct BatchStoreTests {
    private func batch(_ rows: Range<Int>) -> RecordBatch {
        var texts = TextBuffer()
        var vectors = VectorBuffer(dimensions: 3)
        var languages = LanguageBuffer()
        for row in rows {
            texts.append(row % 7 == 0 ? nil : Array(String(repeating: "x", count: row).utf8))
            vectors.values += [Float(row), 0, 1]
            languages.tags.append(Array("en".utf8))
            languages.confidences.append(Double(row))
        }
        return RecordBatch(
            rowCount: rows.count,
            columns: [
                (.prompt, .text(texts)), (.allEmbedding, .vectors(vectors)),
                (.language, .languages(languages)),
            ])
    }

    /// Every buffer of every batch, as bytes.
    private func contents(_ store: BatchStore) -> [[UInt8]] {
        func buffers(_ array: StoredArray, _ base: UnsafeRawPointer) -> [[UInt8]] {
            array.buffers.compactMap { buffer in
                buffer.map {
                    Array(UnsafeRawBufferPointer(start: base + $0.offset, count: $0.length))
                }
            } + array.children.flatMap { buffers($0, base) }
        }
        return store.sealed.all().elements.flatMap { segment in
            segment.batches.flatMap { batch in
                batch.columns.flatMap { buffers($0, segment.segment.base) }
            }
        }
    }

    private func fill(_ store: BatchStore) throws {
        for number in 0..<40 {
            try store.append(batch(number * 200..<(number + 1) * 200), role: .data)
        }
        try store.finish()
    }

    @Test("what is spilled to a file is what would be in memory")
    func spilling() throws {
        let memory = BatchStore()
        try fill(memory)
        let part = BatchStore(memoryBudget: 6 << 20)
        try fill(part)
        let none = BatchStore(memoryBudget: 0)
        try fill(none)
        #expect(memory.spilledBytes == 0)
        #expect(part.spilledBytes > 0 && part.spilledBytes < none.spilledBytes)
        let expected = contents(memory)
        #expect(expected.count == 40 * 7)
        #expect(contents(part) == expected)
        #expect(contents(none) == expected)
        #expect(memory.rowCounts == [.data: 8_000] && none.rowCounts == memory.rowCounts)
    }

    @Test("batches can be seen before the last has come, in order")
    func streaming() throws {
        let store = BatchStore()
        var seen: [Int] = []
        for number in 0..<40 {
            try store.append(batch(number * 200..<(number + 1) * 200), role: .data)
            let (segments, ending) = store.sealed.available(from: 0)
            seen.append(segments.reduce(0) { $0 + $1.batches.count })
            #expect(ending == nil)
        }
        try store.finish()
        #expect(seen == seen.sorted() && seen[39] > 0 && seen[0] == 0)
        let rows = store.sealed.all().elements.flatMap { $0.batches.map(\.firstRow) }
        #expect(rows == (0..<40).map { $0 * 200 })
    }
}
