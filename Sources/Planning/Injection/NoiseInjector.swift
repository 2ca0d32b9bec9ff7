public import JSONText
import Numerics
public import Records

/// Noise to put in: kinds with the share of the records that each changes.
public struct NoiseInjector {
    /// A record that is to be changed.
    public struct Change {
        /// Row of the dataset, from 0.
        public let row: Int
        /// What is done to it.
        public let kind: NoiseKind
        /// Number of the piece of `kind.column` that is replaced.
        public let piece: Int
        /// What it is replaced by.
        public let text: String
        /// What there is to say besides: the labels, or the row that gave its text.
        public let detail: JSONObject
    }

    /// The texts of a dataset's records.
    public protocol Records {
        /// Number of records.
        var count: Int { get }
        /// The label of a record; `nil` for none.
        func label(_ row: Int) -> String?
        /// The values of a record that make up a column.
        func pieces(_ column: ColumnName, _ row: Int) -> [String]
    }

    private let kinds: [(kind: NoiseKind, rate: Double)]
    private let seed: UInt64

    /// An injector.
    ///
    /// - Throws: `PlanningError` for a rate outside of (0, 1], a kind stated twice, and rates that add up
    ///   to more than all records.
    public init(_ kinds: [(kind: NoiseKind, rate: Double)], seed: UInt64) throws {
        for (index, (kind, rate)) in kinds.enumerated() {
            guard rate > 0, rate <= 1 else {
                throw PlanningError(
                    "the rate of \(kind.rawValue) is \(rate), expected above 0 and at most 1",
                    help: "for example \(kind.rawValue)=0.05")
            }
            guard !kinds[..<index].contains(where: { $0.kind == kind }) else {
                throw PlanningError(
                    "\(kind.rawValue) is stated twice", help: "state each kind once")
            }
        }
        let total = kinds.reduce(0) { $0 + $1.rate }
        guard total <= 1 + 1e-9 else {
            throw PlanningError(
                "the rates add up to \(total), expected at most 1: a record gets one kind of noise",
                help: "lower the rates")
        }
        self.kinds = NoiseKind.allCases.compactMap { kind in kinds.first { $0.kind == kind } }
        self.seed = seed
    }

    /// The changes, by row.
    ///
    /// Each kind changes exactly its rate times the number of records, rounded; a record gets one kind at
    /// most, and every changed record differs from what it was. The same records, kinds and seed give
    /// the same changes. O(n log n).
    ///
    /// - Throws: `PlanningError` when too few records can be damaged in one of the ways.
    public func changes(_ records: some Records) throws -> [Change] {
        var isTaken = [Bool](repeating: false, count: records.count)
        var changes: [Change] = []
        for (kind, rate) in kinds {
            let wanted = Int((rate * Double(records.count)).rounded())
            let own = damage(kind, wanted, records, free: { !isTaken[$0] })
            guard own.count == wanted else {
                throw PlanningError(
                    "\(kind.rawValue) can change \(own.count) of \(records.count) records, "
                        + "\(wanted) were asked for",
                    help: "lower its rate, or check with assay schema that the records have a "
                        + "\(kind.column == .label ? "label" : kind.column == .prompt ? "prompt" : "response")"
                )
            }
            for change in own { isTaken[change.row] = true }
            changes += own
        }
        return changes.sorted { $0.row < $1.row }
    }

    /// Rows in an order of their own for each kind.
    private func order(_ kind: NoiseKind, _ count: Int) -> [Int] {
        let base = StableHash.hash(Array(kind.rawValue.utf8).span, seed: seed)
        return (0..<count).map { (key: StableHash.mix(base ^ UInt64($0)), row: $0) }
            .sorted { ($0.key, $0.row) < ($1.key, $1.row) }.map(\.row)
    }

    private func damage(
        _ kind: NoiseKind, _ wanted: Int, _ records: some Records, free: (Int) -> Bool
    ) -> [Change] {
        let order = order(kind, records.count)
        let candidates = order.lazy.filter(free)
        switch kind {
        case .labelError, .confusedLabel:
            let labels = LabelChoice(records, seed: seed)
            return Array(candidates.compactMap { labels.change($0, kind, records) }.prefix(wanted))
        case .mismatchedResponse: return exchanged(candidates, wanted, records)
        default:
            return Array(
                candidates.compactMap { change($0, kind, records, order) }.prefix(wanted))
        }
    }

    /// Responses handed on in a ring, past those that are the same.
    private func exchanged(
        _ candidates: some Sequence<Int>, _ wanted: Int, _ records: some Records
    ) -> [Change] {
        guard wanted > 0 else { return [] }
        var ring: [(row: Int, piece: Int, text: String)] = []
        for row in candidates {
            let pieces = records.pieces(.response, row)
            guard let piece = pieces.lastIndex(where: { !$0.isEmpty }) else { continue }
            ring.append((row, piece, pieces[piece]))
            // One more than is changed, so that a single record has another to take from.
            if ring.count == max(wanted, 2) { break }
        }
        return ring.indices.prefix(wanted).compactMap { place in
            let own = ring[place]
            let giver = (1..<max(ring.count, 1)).lazy.map { ring[(place + $0) % ring.count] }
                .first { $0.text != own.text }
            return giver.map {
                Change(
                    row: own.row, kind: .mismatchedResponse, piece: own.piece, text: $0.text,
                    detail: ["from_row": JSONValue($0.row)])
            }
        }
    }

    private func change(
        _ row: Int, _ kind: NoiseKind, _ records: some Records, _ order: [Int]
    ) -> Change? {
        let pieces = records.pieces(kind.column, row)
        guard let last = pieces.lastIndex(where: { !$0.isEmpty }) else { return nil }
        var generator = SeededGenerator(seed: seed, stream: UInt64(row))
        var piece = last
        var detail = JSONObject()
        let text: String?
        switch kind {
        case .truncatedResponse: text = TextDamage.cut(pieces[last], &generator)
        case .repetition: text = TextDamage.repeated(pieces[last], &generator)
        case .mojibake: text = TextDamage.mojibake(pieces[last])
        case .gibberish: text = TextDamage.gibberish(pieces[last], &generator)
        case .promptEcho:
            let prompt = records.pieces(.prompt, row).filter { !$0.isEmpty }.joined(separator: "\n")
            guard !prompt.isEmpty else { return nil }
            text = generator.next() & 1 == 0 ? prompt : "\(prompt)\n\(pieces[last])"
        case .mergedInstruction:
            let drawn = Int(generator.below(UInt64(order.count)))
            // Of a draw of the record itself the next in the order.
            let other = order[drawn] == row ? order[(drawn + 1) % order.count] : order[drawn]
            guard other != row,
                let second = records.pieces(.prompt, other).first(where: { !$0.isEmpty })
            else { return nil }
            detail = ["from_row": JSONValue(other)]
            text = pieces[last] + [" ", "\n", "\n\n"][Int(generator.below(3))] + second
        case .typo, .wordDrop:
            // The longest part: of an instruction and its input the one that says most.
            piece = pieces.indices.max { pieces[$0].utf8.count < pieces[$1].utf8.count } ?? last
            text =
                kind == .typo
                ? TextDamage.misspelled(pieces[piece], &generator)
                : TextDamage.thinned(pieces[piece], &generator)
        case .labelError, .confusedLabel, .mismatchedResponse: text = nil
        }
        guard let text, text != pieces[piece] else { return nil }
        return Change(row: row, kind: kind, piece: piece, text: text, detail: detail)
    }
}

/// Wrong labels for a dataset.
private struct LabelChoice {
    /// The labels, in byte order.
    private let labels: [String]
    /// The label that each is mistaken for.
    private let partner: [String: String]
    private let seed: UInt64

    init(_ records: some NoiseInjector.Records, seed: UInt64) {
        self.seed = seed
        labels = Set((0..<records.count).compactMap { records.label($0) }).filter { !$0.isEmpty }
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var generator = SeededGenerator(seed: seed, stream: 0x4C41_4245)
        let ring = labels.shuffled(using: &generator)
        partner = Dictionary(
            uniqueKeysWithValues: ring.indices.map { (ring[$0], ring[($0 + 1) % ring.count]) })
    }

    func change(
        _ row: Int, _ kind: NoiseKind, _ records: some NoiseInjector.Records
    ) -> NoiseInjector.Change? {
        guard labels.count >= 2, let label = records.label(row), let other = partner[label],
            let own = labels.firstIndex(of: label)
        else { return nil }
        var wrong = other
        if kind == .labelError {
            var generator = SeededGenerator(seed: seed, stream: UInt64(row))
            let drawn = Int(generator.below(UInt64(labels.count - 1)))
            wrong = labels[drawn < own ? drawn : drawn + 1]
        }
        return NoiseInjector.Change(
            row: row, kind: kind, piece: 0, text: wrong,
            detail: ["from": .string(label), "to": .string(wrong)])
    }
}
