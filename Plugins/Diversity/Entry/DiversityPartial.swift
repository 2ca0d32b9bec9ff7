import AssayKit
import DiversityAlgorithm
import Numerics

/// What is collected of some rows: in the first pass keys of all records, in the second the words of those
/// that may be copies, samples, vectors and leaks.
struct DiversityPartial: AnalyzerPartial {
    /// A record of the data that is nearly one of the evaluation set.
    struct Leak: Sendable {
        let row: UInt32
        let evalIndex: UInt32
        let similarity: Float
    }

    let settings: Settings
    let pass: Int
    let seed: UInt64
    let look: DiversityLook?
    private let host: HostServices
    /// Numbers of the host's vectors.
    private let dimensions: Int
    private let hasher: MinHash
    /// Keys of the data's records.
    private(set) var keys: RecordKeys
    /// What conversations begin with.
    private(set) var beginnings = Beginnings()
    /// Words of evaluation records, and where each begins.
    private(set) var evalTokens: [UInt32] = []
    private(set) var evalStarts: [Int] = [0]
    private(set) var evalRows: [UInt32] = []
    /// Words and pairs of their responses, as `EvalIndex.answers`.
    private(set) var evalAnswers: [UInt32] = []
    private(set) var evalAnswerStarts: [Int] = [0]
    private var sorter = HashSorter()
    /// Rows whose words were wanted, with them.
    private(set) var rows: [UInt32] = []
    private(set) var shingles = RecordShingles()
    private(set) var excerpts = Excerpts()
    /// Of the rows that are also sampled for meaning: row, vector of the prompt, of the response.
    private(set) var vectorRows: [UInt32] = []
    private(set) var promptVectors: VectorSet
    private(set) var responseVectors: VectorSet
    /// Vectors, rows and qualities of all records where a subset is wanted.
    private(set) var allRows: [UInt32] = []
    private(set) var allQualities: [Float] = []
    private(set) var allVectors: VectorSet
    /// Samples of data, reference and trusted.
    private(set) var samples: [TextSample]
    private(set) var leaks: [Leak] = []
    /// Rows by the value they are balanced by; −1 for none.
    private(set) var balancedRows: [UInt32] = []
    private(set) var balancedValues: [Int32] = []
    private(set) var values = ValueCounts()
    private let semanticRows: Set<UInt32>
    private var scratch: [UInt32] = []
    private var evalScratch = EvalIndex.Scratch()
    private var answerScratch = EvalIndex.Scratch()

    static let sampledRoles: [Role] = [.data, .reference, .trusted]

    init(_ settings: Settings, _ pass: Pass, look: DiversityLook?, host: HostServices) {
        self.settings = settings
        self.pass = pass.number
        self.look = look
        self.host = host
        seed = pass.seed
        hasher = MinHash(seed: pass.seed)
        keys = RecordKeys()
        dimensions = pass.number == 1 ? host.embedder()?.dimensions ?? 1 : 1
        promptVectors = VectorSet(dimensions: dimensions)
        responseVectors = VectorSet(dimensions: dimensions)
        allVectors = VectorSet(dimensions: dimensions)
        samples = DiversityPartial.sampledRoles.indices.map { index in
            TextSample(capacity: settings.sampleSize, seed: pass.seed &+ UInt64(index))
        }
        semanticRows = Set(look?.sampled.prefix(settings.semanticSize) ?? [])
    }

    mutating func scan(_ batch: Batch, to sink: Sink) throws {
        guard let columns = RowColumns(batch, settings) else { return }
        if pass == 0 {
            switch batch.role {
            case .data: for position in 0..<batch.rowCount { addKey(columns, position, batch) }
            case .eval: for position in 0..<batch.rowCount { addEval(columns, position, batch) }
            default: break
            }
            return
        }
        guard let side = DiversityPartial.sampledRoles.firstIndex(of: batch.role) else { return }
        for position in 0..<batch.rowCount {
            samples[side].add(columns, position, row: batch.firstRow + position)
        }
        if side == 0 { try lookAgain(columns, batch) }
    }

    private mutating func addKey(_ columns: RowColumns, _ position: Int, _ batch: Batch) {
        var numbers = scratch
        scratch = []
        numbers.removeAll(keepingCapacity: true)
        columns.promptTokens.withTokens(position) { Shingles.append($0, to: &numbers) }
        let cut = numbers.count
        columns.responseTokens.withTokens(position) { Shingles.append($0, to: &numbers) }
        let row = batch.firstRow + position
        let prompt = RowColumns.hash(columns.prompts, position)
        let response = RowColumns.hash(columns.responses, position)
        keys.append(
            row: row, prompt: prompt, response: response,
            context: columns.context(position), trace: columns.trace(position),
            quality: columns.quality(position)
        ) { words in
            let all = numbers.span
            hasher.append(
                all.extracting(0..<cut), all.extracting(cut..<all.count), to: &words)
        }
        scratch = numbers
        columns.forEachBeginning(position, prompt: prompt, response: response) {
            beginnings.add($0, row: row, left: $1)
        }
    }

    private mutating func addEval(_ columns: RowColumns, _ position: Int, _ batch: Batch) {
        columns.asked(position).withTokens(position) { tokens in
            for index in tokens.indices { evalTokens.append(tokens[index]) }
        }
        evalStarts.append(evalTokens.count)
        let first = evalAnswers.count
        if columns.promptTokens.count(position) > 0 {
            columns.responseTokens.withTokens(position) { Shingles.append($0, to: &evalAnswers) }
            Shingles.sortUnique(&evalAnswers, from: first, &sorter)
        }
        evalAnswerStarts.append(evalAnswers.count)
        evalRows.append(UInt32(truncatingIfNeeded: batch.firstRow + position))
    }

    private mutating func lookAgain(_ columns: RowColumns, _ batch: Batch) throws {
        guard let look else { return }
        let embedder = host.embedder()
        for position in 0..<batch.rowCount {
            let row = UInt32(truncatingIfNeeded: batch.firstRow + position)
            if Removals.place(of: row, in: look.wanted) >= 0 {
                rows.append(row)
                columns.promptTokens.withTokens(position) { prompt in
                    columns.responseTokens.withTokens(position) { response in
                        shingles.append(prompt: prompt, response: response)
                    }
                }
                excerpts.append(
                    columns.promptTokens.count(position) > 0 ? columns.prompts : columns.responses,
                    position)
                if let embedder, semanticRows.contains(row) {
                    vectorRows.append(row)
                    try DiversityPartial.embed(
                        columns.prompts, position, embedder, &promptVectors)
                    try DiversityPartial.embed(
                        columns.responses, position, embedder, &responseVectors)
                }
            }
            if settings.subsetSize != nil, let vectors = columns.vectors {
                if allRows.isEmpty { allVectors = VectorSet(dimensions: vectors.dimensions) }
                allRows.append(row)
                allQualities.append(columns.quality(position))
                vectors.withVector(position) { allVectors.append($0) }
            }
            if let balanced = settings.balanced {
                balancedRows.append(row)
                let value = Array(columns.balancedValue(position, balanced).utf8)
                balancedValues.append(value.isEmpty ? -1 : values.add(value.span))
            }
            if let eval = look.eval { findLeak(columns, position, row, eval) }
        }
    }

    private mutating func findLeak(
        _ columns: RowColumns, _ position: Int, _ row: UInt32, _ eval: EvalIndex
    ) {
        var (own, other) = (evalScratch, answerScratch)
        (evalScratch, answerScratch) = (EvalIndex.Scratch(), EvalIndex.Scratch())
        defer { (evalScratch, answerScratch) = (own, other) }
        let isAsked = columns.promptTokens.count(position) > 0
        let found = columns.asked(position).withTokens(position) { tokens in
            eval.closest(to: tokens, threshold: settings.leakThreshold, &own) {
                record, similarity in
                isAsked
                    && columns.responseTokens.withTokens(position) {
                        eval.asksOtherwise(similarity, record: record, answer: $0, &other)
                    }
            }
        }
        guard let found else { return }
        leaks.append(
            Leak(
                row: row, evalIndex: UInt32(found.record), similarity: Float(found.similarity)))
    }

    private static let embeddedBytes = 2048

    private static func embed(
        _ column: TextColumn?, _ position: Int, _ embedder: Embedder, _ vectors: inout VectorSet
    ) throws {
        guard let column, column.byteCount(position) > 0 else {
            let none = [Float](repeating: 0, count: vectors.dimensions)
            vectors.append(none.span)
            return
        }
        let text = column.withBytes(position) { bytes in
            let whole = PackedBytes.wholeCharacters(bytes, most: embeddedBytes)
            return bytes.extracting(0..<whole).withUnsafeBufferPointer {
                String(decoding: $0, as: UTF8.self)
            }
        }
        let vector = try embedder.vector(of: text)
        vectors.append(vector.span)
    }

    mutating func merge(_ other: DiversityPartial) {
        keys.append(contentsOf: other.keys)
        beginnings.append(contentsOf: other.beginnings)
        let first = evalTokens.count
        evalTokens += other.evalTokens
        evalStarts += other.evalStarts.dropFirst().map { $0 + first }
        evalRows += other.evalRows
        let firstAnswer = evalAnswers.count
        evalAnswers += other.evalAnswers
        evalAnswerStarts += other.evalAnswerStarts.dropFirst().map { $0 + firstAnswer }
        rows += other.rows
        shingles.append(contentsOf: other.shingles)
        excerpts.append(contentsOf: other.excerpts)
        vectorRows += other.vectorRows
        promptVectors.append(contentsOf: other.promptVectors)
        responseVectors.append(contentsOf: other.responseVectors)
        if allRows.isEmpty {
            allVectors = other.allVectors
        } else if !other.allRows.isEmpty {
            allVectors.append(contentsOf: other.allVectors)
        }
        allRows += other.allRows
        allQualities += other.allQualities
        for side in samples.indices { samples[side].merge(other.samples[side]) }
        leaks += other.leaks
        balancedRows += other.balancedRows
        let numbers = other.values.names.enumerated().map { index, name in
            values.add(name, other.values.counts[index])
        }
        // Where there are too many values nothing is balanced, and numbers mean nothing.
        balancedValues += other.balancedValues.map {
            numbers.indices.contains(Int($0)) ? numbers[Int($0)] : -1
        }
        if other.values.isTooMany { values.giveUp() }
        if values.isTooMany {
            for place in balancedValues.indices { balancedValues[place] = -1 }
        }
    }

    func save(to writer: inout StateWriter) {
        writer.write(keys.words)
        writer.write(beginnings.words)
        writer.write(evalTokens)
        writer.write(evalStarts) { $0.write($1) }
        writer.write(evalRows)
        writer.write(evalAnswers)
        writer.write(evalAnswerStarts) { $0.write($1) }
        writer.write(rows)
        writer.write(shingles.numbers)
        writer.write(shingles.starts) { $0.write($1) }
        excerpts.save(to: &writer)
        for (rows, sets) in [
            (vectorRows, [promptVectors, responseVectors]), (allRows, [allVectors]),
        ] {
            writer.write(rows)
            for set in sets {
                writer.write(set.dimensions)
                writer.write((0..<set.count).flatMap { set.vector($0).map(\.bitPattern) })
            }
        }
        writer.write(allQualities.map(\.bitPattern))
        for sample in samples { sample.save(to: &writer) }
        writer.write(leaks.flatMap { [$0.row, $0.evalIndex, $0.similarity.bitPattern] })
        writer.write(balancedRows)
        writer.write(
            balancedValues.map { values.isTooMany ? UInt32.max : UInt32(bitPattern: $0) })
        writer.write(values.names) { $0.write($1) }
        writer.write(values.counts) { $0.write($1) }
        writer.write(values.isTooMany ? 1 : 0)
    }

    mutating func load(from reader: inout StateReader) throws {
        func wrong() -> AnalyzerError { AnalyzerError("the saved records do not fit themselves") }
        guard let keys = RecordKeys(words: try reader.words()) else {
            throw wrong()
        }
        self.keys = keys
        guard let beginnings = Beginnings(words: try reader.words()) else { throw wrong() }
        self.beginnings = beginnings
        evalTokens = try reader.words()
        evalStarts = try reader.list(size: 8) { try $0.integer() }
        evalRows = try reader.words()
        evalAnswers = try reader.words()
        evalAnswerStarts = try reader.list(size: 8) { try $0.integer() }
        rows = try reader.words()
        guard evalStarts.count == evalRows.count + 1,
            EvalIndex.fit(tokens: evalTokens, starts: evalStarts),
            evalAnswerStarts.count == evalStarts.count,
            EvalIndex.fit(tokens: evalAnswers, starts: evalAnswerStarts),
            let shingles = RecordShingles(
                numbers: try reader.words(), starts: try reader.list(size: 8) { try $0.integer() }),
            shingles.count == rows.count
        else { throw wrong() }
        self.shingles = shingles
        excerpts = try Excerpts(from: &reader, count: rows.count)
        func vectors(_ count: Int) throws -> VectorSet {
            let dimensions = try reader.integer()
            let numbers = try reader.words().map { Float(bitPattern: $0) }
            guard (1...1 << 16).contains(dimensions), numbers.count == count * dimensions,
                numbers.allSatisfy(\.isFinite)
            else { throw wrong() }
            var set = VectorSet(dimensions: dimensions)
            for index in 0..<count {
                let vector = Array(numbers[index * dimensions..<(index + 1) * dimensions])
                set.append(vector.span)
            }
            return set
        }
        vectorRows = try reader.words()
        promptVectors = try vectors(vectorRows.count)
        responseVectors = try vectors(vectorRows.count)
        allRows = try reader.words()
        allVectors = try vectors(allRows.count)
        allQualities = try reader.words().map { Float(bitPattern: $0) }
        for side in samples.indices { try samples[side].load(from: &reader) }
        let found = try reader.words()
        balancedRows = try reader.words()
        balancedValues = try reader.words().map { Int32(bitPattern: $0) }
        let names = try reader.list(size: 8) { try $0.text() }
        let counts = try reader.list(size: 8) { try $0.integer() }
        guard promptVectors.dimensions == responseVectors.dimensions,
            allQualities.count == allRows.count, allQualities.allSatisfy(\.isFinite),
            found.count % 3 == 0, names.count == counts.count,
            balancedRows.count == balancedValues.count,
            balancedValues.allSatisfy({ (-1..<Int32(names.count)).contains($0) }),
            counts.allSatisfy({ (1..<1 << 48).contains($0) })
        else { throw wrong() }
        leaks = stride(from: 0, to: found.count, by: 3).map {
            Leak(
                row: found[$0], evalIndex: found[$0 + 1],
                similarity: Float(bitPattern: found[$0 + 2]))
        }
        guard leaks.allSatisfy({ Int($0.evalIndex) < look?.evalRows.count ?? 0 }),
            leaks.allSatisfy({ (0...1).contains($0.similarity) })
        else { throw wrong() }
        for (name, count) in zip(names, counts) { values.add(name, count) }
        guard values.names.count == names.count,
            promptVectors.count == 0 || promptVectors.dimensions == dimensions,
            allVectors.count == 0 || settings.subsetSize != nil
        else { throw wrong() }
        if try reader.integer() == 1 { values.giveUp() }
    }
}
