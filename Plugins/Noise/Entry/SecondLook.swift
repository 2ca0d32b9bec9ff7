import AssayKit
import NoiseAlgorithm
import Numerics

/// What the first pass hands to the second.
struct SecondLook {
    /// What the first pass has counted.
    struct Tally {
        var rowCount = 0
        /// Records with a prompt and a response.
        var pairCount = 0
        /// Of these such as have a rejected answer too.
        var rejectedCount = 0
        var counts: [String: Int] = [:]
        /// Sum of the chances that the findings of a check are right, in millionths: whole numbers, so that
        /// their order does not count.
        var chances: [String: Int] = [:]
        /// Rows with a finding of weight, ascending.
        var flaggedRows: [Int] = []

        func save(to writer: inout StateWriter) {
            writer.write(rowCount)
            writer.write(pairCount)
            writer.write(rejectedCount)
            writer.write(counts)
            writer.write(chances)
            writer.write(flaggedRows) { $0.write($1) }
        }

        init() {}

        init(from reader: inout StateReader) throws {
            rowCount = try reader.quantity()
            pairCount = try reader.quantity()
            rejectedCount = try reader.quantity()
            counts = try reader.counts()
            chances = try reader.counts()
            flaggedRows = try reader.list(size: 8) { try $0.quantity() }
        }

        /// Counts a record with a finding of a check that is right with some chance.
        mutating func count(_ check: NoiseCheck, chance: Double) {
            counts[check.name, default: 0] += 1
            chances[check.name, default: 0] += Int((chance * 1e6).rounded())
        }

        /// Adds what another counted, rows that come after these.
        mutating func add(_ other: Self) {
            pairCount += other.pairCount
            rejectedCount += other.rejectedCount
            counts.merge(other.counts, uniquingKeysWith: +)
            chances.merge(other.chances, uniquingKeysWith: +)
            flaggedRows += other.flaggedRows
        }

        /// The expected share of right findings of a check; `nil` without any.
        func expectedPrecision(_ check: NoiseCheck) -> Double? {
            guard let count = counts[check.name], count > 0 else { return nil }
            return Double(chances[check.name, default: 0]) / 1e6 / Double(count)
        }

        /// Whether a record without a response lacks it.
        var expectsResponses: Bool { 5 * pairCount >= 4 * rowCount }

        /// Whether a record without a rejected answer lacks it.
        var expectsRejected: Bool { rejectedCount > 0 && 5 * rejectedCount >= 4 * rowCount }

        /// Whether the first pass found something of weight in a row.
        func isFlagged(_ row: Int) -> Bool {
            SortedSearch.place(of: row, in: flaggedRows) != nil
        }
    }

    let tally: Tally
    let checks: LearnedChecks?
    /// `nil` where there are too few conversations.
    let turns: TurnRelevance?
    /// The evaluation data's texts; `nil` where there is none.
    let contamination: ContaminationIndex?
    private let eval: EvalTexts

    /// As bytes, for `init(_:embedding:seed:)`.
    func bytes() -> [UInt8] {
        var writer = StateWriter()
        tally.save(to: &writer)
        for numbers in [checks?.numbers ?? [], turns?.numbers ?? []] {
            writer.write(numbers.withUnsafeBytes { Array($0) })
        }
        eval.save(to: &writer)
        return writer.bytes
    }

    /// Reads what `bytes` wrote.
    init(_ bytes: [UInt8], embedding: TextEmbedding?, seed: UInt64) throws {
        var reader = StateReader(reading: bytes)
        tally = try Tally(from: &reader)
        func numbers() throws -> [Float] {
            let saved = try reader.data()
            return saved.withUnsafeBytes { bytes in
                (0..<bytes.count / 4).map {
                    bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self)
                }
            }
        }
        checks = LearnedChecks(numbers: try numbers(), embedding: embedding, seed: seed)
        turns = TurnRelevance(numbers: try numbers(), seed: seed)
        eval = try EvalTexts(from: &reader)
        contamination = eval.texts.isEmpty ? nil : ContaminationIndex(eval)
    }

    init(tally: Tally, checks: LearnedChecks?, turns: TurnRelevance?, eval: EvalTexts) {
        self.tally = tally
        self.checks = checks
        self.turns = turns
        self.eval = eval
        contamination = nil
    }
}

extension EvalTexts {
    /// Writes everything.
    func save(to writer: inout StateWriter) {
        writer.write(texts) { writer, text in
            writer.write(text.row)
            writer.write(text.isResponse ? 1 : 0)
            writer.write(text.gramCount)
            writer.write(text.pairCount)
        }
        writer.write(grams) { $0.write($1) }
        writer.write(pairs) { $0.write(Int($1)) }
    }

    /// Reads what `save` wrote.
    init(from reader: inout StateReader) throws {
        let texts = try reader.list(size: 32) { reader in
            let (row, isResponse) = (try reader.quantity(), try reader.integer())
            return Text(
                row: row, isResponse: isResponse == 1, gramCount: try reader.quantity(),
                pairCount: try reader.quantity())
        }
        let grams = try reader.list(size: 8) { try $0.unsigned() }
        let pairs = try reader.list(size: 8) { UInt32(truncatingIfNeeded: try $0.integer()) }
        guard let whole = EvalTexts(texts: texts, grams: grams, pairs: pairs) else {
            throw AnalyzerError("the saved evaluation texts do not fit themselves")
        }
        self = whole
    }
}
