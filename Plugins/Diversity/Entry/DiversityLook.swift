import AssayKit
import DiversityAlgorithm
import Numerics

/// What the first pass found and the second needs.
struct DiversityLook: Sendable {
    var rowCount = 0
    /// Records that may be near copies, and those that have exact ones, by row.
    var kept: RecordKeys
    /// Rows that are exactly another, with the index of that among the kept.
    var copies: [UInt32] = []
    var copyLeaders: [UInt32] = []
    /// Conversations that are the beginning of a longer one: row, the longer one's row, its further turns.
    var beginnings: [Beginnings.Beginning] = []
    /// Records whose prompt, or response, an earlier record has too.
    var repeatedPrompts = 0
    var repeatedResponses = 0
    var promptCount = 0
    var responseCount = 0
    /// Rows in which repeated parts are looked for, by priority: a random sample.
    var sampled: [UInt32] = []
    /// The evaluation records and their rows.
    var eval: EvalIndex?
    var evalRows: [UInt32] = []
    /// All rows whose words are wanted, ascending.
    private(set) var wanted: [UInt32] = []

    init() { kept = RecordKeys() }

    /// Settles which rows' words are wanted.
    mutating func settle() {
        wanted = Set((0..<kept.count).map { UInt32(kept.row($0)) } + sampled).sorted()
    }

    func bytes() -> [UInt8] {
        var writer = StateWriter()
        for number in [
            rowCount, repeatedPrompts, repeatedResponses, promptCount, responseCount,
        ] { writer.write(number) }
        writer.write(kept.words)
        writer.write(copies)
        writer.write(copyLeaders)
        writer.write(
            beginnings.flatMap { [UInt32($0.row), UInt32($0.longer), UInt32($0.turns)] })
        writer.write(sampled)
        writer.write(eval?.tokens ?? [])
        writer.write((eval?.starts ?? []).map { UInt32(truncatingIfNeeded: $0) })
        writer.write(evalRows)
        writer.write(eval?.answers ?? [])
        writer.write((eval?.answerStarts ?? []).map { UInt32(truncatingIfNeeded: $0) })
        return writer.bytes
    }

    init(_ bytes: [UInt8]) throws {
        var reader = StateReader(reading: bytes)
        func wrong() -> AnalyzerError { AnalyzerError("what the first pass found is damaged") }
        rowCount = try reader.integer()
        repeatedPrompts = try reader.integer()
        repeatedResponses = try reader.integer()
        promptCount = try reader.integer()
        responseCount = try reader.integer()
        guard let keys = RecordKeys(words: try reader.words()) else {
            throw wrong()
        }
        kept = keys
        copies = try reader.words()
        copyLeaders = try reader.words()
        let begun = try reader.words()
        guard begun.count % 3 == 0 else { throw wrong() }
        for first in stride(from: 0, to: begun.count, by: 3) {
            beginnings.append(
                Beginnings.Beginning(
                    row: Int(begun[first]), longer: Int(begun[first + 1]),
                    turns: Int(begun[first + 2])))
        }
        sampled = try reader.words()
        let tokens = try reader.words()
        let starts = try reader.words().map(Int.init)
        evalRows = try reader.words()
        let answers = try reader.words()
        let answerStarts = try reader.words().map(Int.init)
        guard copies.count == copyLeaders.count, copyLeaders.allSatisfy({ $0 < keys.count }) else {
            throw wrong()
        }
        if !starts.isEmpty {
            guard starts.count == evalRows.count + 1,
                let index = EvalIndex(
                    tokens: tokens, starts: starts, answers: answers, answerStarts: answerStarts)
            else { throw wrong() }
            eval = index
        }
        settle()
    }
}
