import AssayKit
import NoiseAlgorithm
import Numerics

/// The turns of one conversation as tokens; kept from conversation to conversation.
struct TurnTexts {
    private struct Turn {
        let number: Int
        let isAnswer: Bool
    }

    private var turns: [Turn] = []
    private var tokens: [UInt32] = []
    private var ends: [Int] = [0]
    private var buffer: [UInt32] = []

    /// Numbers of the answers, from 0, where the assistant speaks more than once; none otherwise.
    ///
    /// O(turns).
    mutating func open(_ column: TurnsColumn, _ position: Int) -> [Int] {
        turns.removeAll(keepingCapacity: true)
        let count = column.count(position)
        guard count > 2 else { return [] }
        var answerCount = 0
        for number in 0..<count where column.byteCount(position, turn: number) > 0 {
            let role = column.role(position, turn: number)
            if role == "system" { continue }
            let isAnswer = role == "assistant"
            answerCount += isAnswer ? 1 : 0
            turns.append(Turn(number: number, isAnswer: isAnswer && !turns.isEmpty))
        }
        return answerCount > 1 ? turns.filter(\.isAnswer).map(\.number) : []
    }

    /// Calls `body` with every answer of the conversation that was opened, its context and itself.
    ///
    /// O(bytes).
    mutating func forEachAnswer(
        _ column: TurnsColumn, _ position: Int,
        _ body: (
            _ turn: (number: Int, place: TurnExample.Place), _ context: Span<UInt32>,
            _ contextBytes: Int, _ answer: Span<UInt32>,
            _ answerBytes: Int
        ) -> Void
    ) {
        tokens.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        ends.append(0)
        for turn in turns {
            column.withBytes(position, turn: turn.number) {
                TurnExample.appendTokens(of: $0, to: &tokens)
            }
            ends.append(tokens.count)
        }
        let around = TurnExample.turnsAround
        let answers = turns.filter(\.isAnswer).map(\.number)
        for (place, turn) in turns.enumerated() where turn.isAnswer {
            buffer.removeAll(keepingCapacity: true)
            var bytes = 0
            let last = min(turns.count - 1, place + around.after)
            for other in max(0, place - around.before)...last where other != place {
                buffer += tokens[ends[other]..<ends[other + 1]]
                bytes += column.byteCount(position, turn: turns[other].number)
            }
            let stand: TurnExample.Place =
                turn.number == answers.first
                ? .first : turn.number == answers.last ? .last : .middle
            body(
                (turn.number, stand), buffer.span, bytes,
                tokens.span.extracting(ends[place]..<ends[place + 1]),
                column.byteCount(position, turn: turn.number))
        }
    }
}

/// Looks for answers of a conversation that belong elsewhere.
struct ConversationJudge {
    /// What the answers of one conversation show.
    struct Verdict {
        /// The highest chance of one, 0 to 1; 0 where the assistant speaks but once.
        var highest = 0.0
        /// Those that are flagged, numbers from 0.
        var flagged: [(turn: Int, chance: Double)] = []
        /// Whether there were answers to be judged one by one.
        var isOfTurns = false

        /// The chance that something of the record belongs elsewhere, `whole` of which is that of all its
        /// answers as one: it tells less, and counts where it is flagged.
        func chance(beside whole: Double) -> Double {
            isOfTurns && whole < LearnedChecks.flagLimit ? highest : max(highest, whole)
        }
    }

    private var texts = TurnTexts()
    /// Made when the first conversation comes.
    private var scratch: TurnRelevance.Scratch?

    /// Judges every answer.
    ///
    /// O(bytes).
    mutating func judge(
        _ columns: NoiseColumns, _ position: Int, row: Int, _ relevance: TurnRelevance
    ) -> Verdict {
        var verdict = Verdict()
        guard let turns = columns.turns, !texts.open(turns, position).isEmpty else {
            return verdict
        }
        // Taken out, so that it is not copied.
        var scratch = scratch.take() ?? TurnRelevance.Scratch()
        defer { self.scratch = scratch }
        texts.forEachAnswer(turns, position) { turn, context, contextBytes, answer, answerBytes in
            guard context.count > 0, answer.count > 0 else { return }
            let chance = relevance.chance(
                row: row, context: context, contextBytes: contextBytes, answer: answer,
                answerBytes: answerBytes, &scratch)
            verdict.isOfTurns = true
            verdict.highest = max(verdict.highest, chance)
            // A refusal says nothing of what it refuses, and has a check of its own.
            if chance >= LearnedChecks.flagLimit,
                turns.withBytes(position, turn: turn.number, { TextChecks.refusal($0) }) == nil
            {
                verdict.flagged.append((turn.number, chance))
            }
        }
        return verdict
    }
}

extension RowFaults {
    /// Reports the answers that seem to belong elsewhere.
    mutating func add(
        _ verdict: ConversationJudge.Verdict, _ columns: NoiseColumns, _ position: Int
    ) {
        guard let strangest = verdict.flagged.max(by: { $0.chance < $1.chance }) else { return }
        let turns = verdict.flagged.map { String($0.turn + 1) }
        add(
            .mismatchedResponse, "text.response",
            TextFault(
                span: columns.range(position, turn: strangest.turn),
                score: strangest.chance),
            message: turns.count == 1
                ? "turn \(turns[0]), of the assistant, seems to belong to another conversation"
                : "turns \(turns.joined(separator: ", ")), of the assistant, seem to belong to "
                    + "other conversations")
    }
}

/// A sample of the answers of conversations.
struct TurnRows {
    private struct Parts {
        let place: TurnExample.Place
        let contextTokens: Int
        let contextBytes: Int
        let answerBytes: Int
    }

    /// Rows of the sample are a conversation's row and the number of the answer's turn.
    private var sample: ListSample<Parts>
    private var texts = TurnTexts()

    /// Turns of a conversation that are sampled from.
    private static let mostTurns = 1 << 12
    /// Tokens of an answer and its context beyond which it is left out: a page of each turn.
    private static let mostTokens = 1 << 13

    init(capacity: Int, seed: UInt64) {
        sample = ListSample(capacity: capacity, seed: seed)
    }

    private static func key(_ row: Int, _ number: Int) -> Int { row * mostTurns + number }

    /// Offers the answers of a conversation, of which nothing is read unless one may be kept in the end.
    mutating func add(_ columns: NoiseColumns, _ position: Int, row: Int) {
        guard let turns = columns.turns, turns.count(position) > 2 else { return }
        // Taken out, so that it is not read through what is written to.
        var texts = texts
        self.texts = TurnTexts()
        defer { self.texts = texts }
        let wanted = texts.open(turns, position).filter {
            $0 < TurnRows.mostTurns && sample.admits(row: TurnRows.key(row, $0))
        }
        if wanted.isEmpty { return }
        var list: [UInt32] = []
        texts.forEachAnswer(turns, position) { turn, context, contextBytes, answer, answerBytes in
            guard wanted.contains(turn.number), answer.count > 0, context.count > 0,
                context.count + answer.count <= TurnRows.mostTokens
            else { return }
            list.removeAll(keepingCapacity: true)
            for index in context.indices { list.append(context[index]) }
            for index in answer.indices { list.append(answer[index]) }
            sample.add(
                row: TurnRows.key(row, turn.number),
                Parts(
                    place: turn.place, contextTokens: context.count, contextBytes: contextBytes,
                    answerBytes: answerBytes), list.span)
        }
    }

    /// Adds the rows of the next shard.
    mutating func merge(_ other: TurnRows) { sample.merge(other.sample) }

    /// The sampled answers, by row and turn.
    var examples: [TurnExample] {
        sample.entries.sorted { $0.row < $1.row }.map { entry in
            TurnExample(
                row: entry.row / TurnRows.mostTurns, place: entry.tag.place,
                context: Array(entry.list.prefix(entry.tag.contextTokens)),
                contextBytes: entry.tag.contextBytes,
                answer: Array(entry.list.dropFirst(entry.tag.contextTokens)),
                answerBytes: entry.tag.answerBytes)
        }
    }

    /// Writes everything.
    func save(to writer: inout StateWriter) {
        writer.write(sample.entries.sorted { $0.row < $1.row }) { writer, entry in
            writer.write(entry.row)
            writer.write(entry.tag.place.rawValue)
            writer.write(entry.tag.contextTokens)
            writer.write(entry.tag.contextBytes)
            writer.write(entry.tag.answerBytes)
            writer.write(entry.list) { $0.write(Int($1)) }
        }
    }

    /// Reads what `save` wrote.
    mutating func load(from reader: inout StateReader) throws {
        let entries = try reader.list(size: 48) { reader in
            let row = try reader.quantity()
            guard let place = TurnExample.Place(rawValue: try reader.integer()) else {
                throw AnalyzerError("the saved sample of answers has places that there are not")
            }
            return (
                row: row,
                parts: Parts(
                    place: place, contextTokens: try reader.quantity(),
                    contextBytes: try reader.quantity(), answerBytes: try reader.quantity()),
                list: try reader.list(size: 8) { UInt32(truncatingIfNeeded: try $0.integer()) }
            )
        }
        for (row, parts, list) in entries {
            guard parts.contextTokens <= list.count else {
                throw AnalyzerError("the saved sample of answers does not fit itself")
            }
            sample.add(row: row, parts, list.span)
        }
    }
}
