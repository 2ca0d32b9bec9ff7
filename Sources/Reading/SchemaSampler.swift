import CSimdjson
import Records

/// Looks at the first records of a source to tell their schema.
enum SchemaSampler {
    /// Records looked at.
    static let sampleCount = 1000

    static func sample(_ source: SourceBytes, format: SourceFormat) -> (
        SchemaSample, header: [String]
    ) {
        var splitter = RecordSplitter(source, format: format)
        var sample = SchemaSample()
        var header: [String] = []
        if case .delimited(let delimiter, let hasHeader) = format {
            guard let first = splitter.next() else { return (sample, []) }
            let line = UnsafeBufferPointer(
                rebasing: source.bytes[first.offset..<first.offset + first.length])
            header = DelimitedCells.split(line, delimiter: delimiter)
            if !hasHeader { header = defaultHeader(count: header.count) }
            for name in header { sample.note(key: name, shape: .text) }
            sample.recordCount = 1
            return (sample, header)
        }
        let parser = JSONTapeParser()
        while sample.recordCount < sampleCount, let span = splitter.next() {
            let record = UnsafeBufferPointer(
                rebasing: source.bytes[span.offset..<span.offset + span.length])
            if format == .plainText {
                sample.stringCount += 1
            } else if case .success(let tape) = parser.parse(record) {
                note(tape, in: &sample)
            } else {
                continue
            }
            sample.recordCount += 1
        }
        return (sample, header)
    }

    /// Names for the columns of a file without a header; a first column of text and a second of
    /// anything is taken as text and label, the commonest case.
    private static func defaultHeader(count: Int) -> [String] {
        (0..<count).map { $0 == 0 ? "text" : $0 == 1 ? "label" : "column\($0 + 1)" }
    }

    private static func note(_ tape: JSONTape, in sample: inout SchemaSample) {
        switch tape.kind(0) {
        case .string: sample.stringCount += 1
        case .array:
            var kinds: [JSONTape.Kind] = []
            tape.forEachChild(of: 0) { _, value in kinds.append(tape.kind(value)) }
            if kinds.count == 2, kinds.allSatisfy({ $0 == .string }) { sample.pairCount += 1 }
        case .object:
            var noted = sample
            tape.forEachChild(of: 0) { key, value in
                guard let key else { return }
                noted.note(key: tape.string(key), shape: shape(tape, value))
            }
            sample = noted
        default: break
        }
    }

    private static func shape(_ tape: JSONTape, _ node: Int) -> FieldShape {
        switch tape.kind(node) {
        case .null: .null
        case .string: .text
        case .number, .true, .false: .scalar
        case .object: .object(keys(tape, node))
        case .array:
            if tape.nodes[node].length == 0 {
                .null
            } else {
                switch tape.kind(node + 1) {
                case .object: .objects(keys(tape, node + 1))
                case .array: .lists
                default: .list
                }
            }
        }
    }

    private static func keys(_ tape: JSONTape, _ node: Int) -> [String] {
        var keys: [String] = []
        tape.forEachChild(of: node) { key, _ in
            if let key { keys.append(tape.string(key)) }
        }
        return keys.sorted()
    }
}
