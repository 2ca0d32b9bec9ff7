import AssayKit
import CoverageAlgorithm
import Numerics

/// What is collected of some rows: in the first pass signatures and samples, in the second counts.
struct CoveragePartial: AnalyzerPartial {
    /// Rows of the data whose texts are sampled, and of the reference.
    static let sampledRows = 8000
    static let referenceRows = 5000
    /// A lead over the next category below which examples have not told it.
    static let leastMargin = 0.1
    /// Confidence in an assignment at least: a pool's row that may fill a gap is not left out.
    private static let leastConfidence = 0.01

    let taxonomy: Taxonomy
    let hand: HandLabels
    let seed: UInt64
    /// `nil` in the first pass.
    let look: CoverageLook?
    private let hasher: MinHash
    private let exampled: [Int]

    var signatures = PromptSignatures()
    var data: SampledTexts
    var reference: SampledTexts
    /// Texts of rows that people have put into categories.
    private(set) var handTexts: [(row: Int, text: [UInt8])] = []
    var counts: CellCounts

    init(taxonomy: Taxonomy, hand: HandLabels, seed: UInt64, look: CoverageLook?) {
        self.taxonomy = taxonomy
        self.hand = hand
        self.seed = seed
        self.look = look
        hasher = MinHash(seed: seed)
        exampled = taxonomy.dimensions.indices.filter { taxonomy.dimensions[$0].hasExamples }
        data = SampledTexts(capacity: CoveragePartial.sampledRows, seed: seed)
        reference = SampledTexts(capacity: CoveragePartial.referenceRows, seed: seed)
        counts = CellCounts(taxonomy)
    }

    mutating func scan(_ batch: Batch, to sink: Sink) throws {
        let row = RowReader(batch)
        if look == nil {
            sampled(batch, row)
        } else if batch.role == .data || batch.role == .pool {
            try count(batch, row, to: sink)
        }
    }

    private mutating func sampled(_ batch: Batch, _ row: RowReader) {
        guard [.data, .pool, .reference].contains(batch.role) else { return }
        let vectors = batch.vectors("feature.embedding.prompt/1")
        let hasHand = batch.role == .data && !hand.isEmpty
        for position in 0..<batch.rowCount {
            let number = batch.firstRow + position
            if batch.role != .reference {
                let key = RowKey(batch.role, number)
                if row.withSituation(
                    position, { signatures.add(key, $0, hasher: hasher) }) == nil
                {
                    continue
                }
            }
            guard batch.role != .pool, let prompts = row.prompts else { continue }
            prompts.withBytes(position) { text in
                func add(_ vector: Span<Float>?) {
                    if batch.role == .data {
                        data.add(row: number, text, vector: vector)
                    } else {
                        reference.add(row: number, text, vector: vector)
                    }
                }
                if let vectors {
                    vectors.withVector(position) { add($0) }
                } else {
                    add(nil)
                }
                if hasHand, hand.speak(of: number) {
                    handTexts.append((number, text.withUnsafeBufferPointer { Array($0) }))
                }
            }
        }
    }

    private mutating func count(_ batch: Batch, _ row: RowReader, to sink: Sink) throws {
        let assigner = RowAssigner(taxonomy, batch)
        var judge = look?.examples.map { ExampleJudge(model: $0, scratch: $0.scratch()) }
        var ruled = TextRuleIndex.Scratch()
        var (cells, ends): ([UInt32], [Int]) = ([], [])
        var candidates = CandidateCursor(
            look?.candidates ?? [], from: RowKey(batch.role, batch.firstRow))
        var scores = exampled.map { _ in [Double]() }
        for position in 0..<batch.rowCount {
            let number = batch.firstRow + position
            taxonomy.textRules.find(in: row, position, &ruled)
            if let place = ruled.givenUp { try giveUp(place, batch.role, number, to: sink) }
            cells.removeAll(keepingCapacity: true)
            ends.removeAll(keepingCapacity: true)
            var confidence = 1.0
            var (isSearched, kind, firstRule) = (false, 0, 0)
            for (index, dimension) in taxonomy.dimensions.enumerated() {
                let start = cells.count
                func add(_ category: Int32) {
                    cells.append(KeptRows.Cell(dimension: index, category: category).value)
                }
                if batch.role == .data, let given = hand.category(index, row: number) {
                    add(given)
                } else {
                    try assigner.assign(row, position, index, &counts, add)
                    if cells.count == start {
                        let rules = ruled.found[firstRule..<firstRule + dimension.categories.count]
                        dimension.assign(row, position, found: rules, add)
                    }
                }
                if dimension.hasExamples, let examples = look?.examples {
                    var score = 0.0
                    if cells.count == start, let vectors = assigner.vectors {
                        if !isSearched {
                            vectors.withVector(position) { judge?.search($0) }
                            isSearched = true
                        }
                        if let found = judge?.assign(dimension: kind) {
                            confidence = min(confidence, found.margin)
                            let isStranger = found.likeness < examples.unlike[kind]
                            if !isStranger { add(Int32(found.category)) }
                            score = min(1, max(0, 1 - found.likeness))
                            if batch.role == .data {
                                note(index, number, found, isStranger: isStranger)
                            }
                        }
                    }
                    scores[kind].append(score)
                    kind += 1
                }
                firstRule += dimension.categories.count
                ends.append(cells.count)
            }
            let key = RowKey(batch.role, number)
            let isCandidate = candidates.contains(key)
            if batch.role == .data {
                counts.add(row: number, cells: cells, ends: ends)
            } else {
                counts.countPoolRow()
            }
            guard isCandidate || batch.role == .pool else { continue }
            let sure = Float(max(CoveragePartial.leastConfidence, confidence))
            if !isCandidate
                || row.withSituation(
                    position,
                    {
                        counts.kept.add(key, confidence: sure, cells: cells, situation: $0)
                    }) == nil
            {
                counts.kept.add(key, confidence: sure, cells: cells, situation: nil)
            }
        }
        guard batch.role == .data else { return }
        for (kind, dimension) in exampled.enumerated() where !scores[kind].isEmpty {
            try sink.score(
                "unlike_\(taxonomy.dimensions[dimension].metricName)", role: .data,
                firstRow: batch.firstRow, scores[kind])
        }
    }

    private func giveUp(
        _ place: (category: Int, pattern: Int), _ role: Role, _ row: Int, to sink: Sink
    ) throws {
        guard role == .data else { return }
        let category = taxonomy.dimensions.flatMap(\.categories)[place.category]
        try sink.report(
            Finding(
                code: "COV008", row: row,
                message:
                    "matching regex \(place.pattern + 1) of category \(category.name) was given "
                    + "up after too many steps; the record counts as one without it"))
    }

    private mutating func note(
        _ dimension: Int, _ row: Int, _ found: ExampleModel.Assignment, isStranger: Bool
    ) {
        if isStranger {
            counts.note(
                dimension,
                stranger: CellCounts.Doubt(
                    row: row, margin: found.likeness, first: found.category,
                    second: found.second))
        } else if found.margin < CoveragePartial.leastMargin {
            counts.note(
                dimension,
                doubt: CellCounts.Doubt(
                    row: row, margin: found.margin, first: found.category, second: found.second))
        }
    }

    mutating func merge(_ other: CoveragePartial) throws {
        signatures.merge(other.signatures)
        data.merge(other.data)
        reference.merge(other.reference)
        handTexts += other.handTexts
        try counts.merge(other.counts)
    }

    func save(to writer: inout StateWriter) {
        signatures.save(to: &writer)
        data.save(to: &writer)
        reference.save(to: &writer)
        writer.write(handTexts) {
            $0.write($1.row)
            $0.write($1.text)
        }
        counts.save(to: &writer)
    }

    mutating func load(from reader: inout StateReader) throws {
        try signatures.load(from: &reader)
        try data.load(from: &reader)
        try reference.load(from: &reader)
        handTexts = try reader.list(size: 16) { (try $0.quantity(), try $0.data()) }
        try counts.load(from: &reader)
    }
}

/// A model of examples with what a search needs.
private struct ExampleJudge {
    let model: ExampleModel
    var scratch: ExampleModel.Scratch

    mutating func search(_ vector: Span<Float>) { model.search(vector, &scratch) }

    mutating func assign(dimension: Int) -> ExampleModel.Assignment {
        model.assign(dimension: dimension, &scratch)
    }
}

/// Goes through the candidates as rows go by.
private struct CandidateCursor {
    private let candidates: [Int]
    private var place: Int

    init(_ candidates: [Int], from key: RowKey) {
        self.candidates = candidates
        place = SortedSearch.lowerBound(key.value, in: candidates)
    }

    /// Whether a row is one; rows are asked for in order.
    mutating func contains(_ key: RowKey) -> Bool {
        guard place < candidates.count, candidates[place] == key.value else { return false }
        place += 1
        return true
    }
}
