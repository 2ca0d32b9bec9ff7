import AssayKit
import JSONText
import NoiseAlgorithm
import Numerics

/// Counts by check; findings go to the sink as they are met.
struct NoisePartial: GroupingPartial {
    let mostTokens: Int
    let seed: UInt64
    var labelled: LabelledRows?
    var rowCount = 0
    var flaggedCount = 0
    var counts: [String: Int] = [:]

    /// `labelledRows` is how many labelled records are judged at most, 0 for none.
    init(mostTokens: Int, labelledRows: Int, seed: UInt64) {
        self.mostTokens = mostTokens
        self.seed = seed
        labelled = labelledRows > 0 ? LabelledRows(capacity: labelledRows, seed: seed) : nil
    }

    /// Checks of a text alone, made of prompt and response both.
    private static let textChecks:
        [(check: NoiseCheck, find: @Sendable (Span<UInt8>, ByteInventory) -> TextFault?)] = [
            (.mojibake, { TextChecks.mojibake($0, holding: $1) }),
            (.controlCharacters, { TextChecks.controlCharacters($0, holding: $1) }),
            (.repetition, { text, _ in TextChecks.repetition(text) }),
            (.secret, { TextChecks.secret($0, holding: $1) }),
            (.personalData, { TextChecks.personalData($0, holding: $1) }),
        ]

    mutating func scan(_ batch: Batch, to sink: Sink) throws {
        guard batch.role == .data, let columns = NoiseColumns(batch) else { return }
        rowCount += batch.rowCount
        for position in 0..<batch.rowCount {
            var faults = RowFaults()
            checkStructure(columns, position, into: &faults)
            checkTexts(columns, position, into: &faults)
            try report(faults, row: batch.firstRow + position, to: sink)
            collectLabel(columns, position, row: batch.firstRow + position, faults)
            try emit(columns, position, row: batch.firstRow + position, to: sink)
        }
    }

    private mutating func collectLabel(
        _ columns: NoiseColumns, _ position: Int, row: Int, _ faults: RowFaults
    ) {
        guard labelled != nil, let labels = columns.labels, labels.byteCount(position) > 0 else {
            return
        }
        labels.withBytes(position) { label in
            columns.tokens.withTokens(position) { words in
                columns.withVector(position) { vector in
                    labelled?.add(
                        row: row, label: label, tokens: words, vector: vector,
                        isFlagged: faults.isOfWeight)
                }
            }
        }
    }

    private func checkStructure(
        _ columns: NoiseColumns, _ position: Int, into faults: inout RowFaults
    ) {
        let responses = columns.responses
        let turnCount = columns.turns?.count(position) ?? 0
        let isAnswered = responses.isPresent(position)
        let isLabelled = !isAnswered && columns.labels?.isPresent(position) == true
        let expectsResponse = isAnswered || turnCount > 1
        if expectsResponse, !isLabelled,
            responses.withBytes(position, { ByteSearch.trimmed($0).isEmpty })
        {
            faults.add(.emptyResponse, "text.response")
        }
        if let turns = columns.turns, let order = TurnOrder(turns, position) {
            faults.add(.roleOrder, "turns", message: order.message, severity: order.severity)
        }
        if columns.tokens.count(position) > mostTokens { faults.add(.overLong, "text.all") }
        let isEcho = columns.prompts.withBytes(position) { prompt in
            responses.withBytes(position) { response in
                response.count >= NoisePartial.leastEchoBytes
                    && ByteSearch.areEqual(prompt, response)
            }
        }
        if isEcho { faults.add(.promptEcho, "text.response") }
    }

    /// A shorter answer that equals its prompt may be right: "Translate: taxi".
    private static let leastEchoBytes = 12

    private func checkTexts(
        _ columns: NoiseColumns, _ position: Int, into faults: inout RowFaults
    ) {
        columns.responses.withBytes(position) { text in
            faults.add(.refusal, "text.response", TextChecks.refusal(text))
        }
        columns.prompts.withBytes(position) { text in
            faults.add(.unfulfillableRequest, "text.prompt", TextChecks.unfulfillable(text))
        }
        columns.inputs?.withBytes(position) { text in
            faults.add(.placeholderInput, "field:/input", TextChecks.placeholder(text))
        }
        for (name, column) in columns.taught {
            column.withBytes(position) { text in
                let inventory = ByteInventory(text)
                let isPrompt = name == "text.prompt"
                if !isPrompt {
                    let cut = TextChecks.truncated(text, holding: inventory)
                    faults.add(.truncatedResponse, name, cut)
                }
                for (check, find) in NoisePartial.textChecks {
                    faults.add(check, name, find(text, inventory))
                }
                let other = isPrompt ? columns.responses : columns.prompts
                let residue = other.withBytes(position) {
                    TextChecks.htmlResidue(text, holding: inventory, besides: $0)
                }
                faults.add(.htmlResidue, name, residue)
            }
        }
    }

    /// Brings records together that are given the same: system prompt, tools and prompt, with what
    /// they teach.
    private func emit(
        _ columns: NoiseColumns, _ position: Int, row: Int, to sink: Sink
    ) throws {
        guard (columns.turns?.count(position) ?? 0) <= 3,
            !columns.prompts.withBytes(position, { ByteSearch.trimmed($0).isEmpty })
        else { return }
        let taught = columns.responses.isPresent(position) ? columns.responses : columns.labels
        guard let taught, taught.isPresent(position) else { return }
        var given = Fingerprint()
        for column in columns.given {
            column?.withBytes(position) { given.appendCollapsed($0) }
            given.append(0)
        }
        var answer = Fingerprint()
        taught.withBytes(position) { answer.appendCollapsed($0) }
        let (key, payload) = (given.bytes, answer.bytes)
        try sink.emit(key: key.span, row: row, payload: payload.span)
    }

    private mutating func report(_ faults: RowFaults, row: Int, to sink: Sink) throws {
        var worst: [NoiseCheck: Double] = [:]
        for fault in faults.list {
            var finding = Finding(code: fault.check.rawValue, row: row, message: fault.message)
            finding.severity = fault.severity
            finding.column = fault.column
            finding.span = fault.place.span
            finding.score = fault.place.score
            try sink.report(finding)
            worst[fault.check] = max(worst[fault.check] ?? 0, fault.place.score)
        }
        if faults.isOfWeight { flaggedCount += 1 }
        if worst.isEmpty { return }
        for check in NoiseCheck.allCases {
            guard let score = worst[check] else { continue }
            counts[check.name, default: 0] += 1
            var proposal = Proposal(check.action, row: row, code: check.rawValue)
            proposal.confidence = score
            try sink.propose(proposal)
            try sink.score(check.scoreName, role: .data, firstRow: row, [score])
        }
    }

    mutating func group(_ group: Group, to sink: Sink) throws {
        guard group.count > 1 else { return }
        let first = group.payload(0)
        guard (1..<group.count).contains(where: { group.payload($0) != first }) else { return }
        for index in 0..<group.count {
            let own = group.payload(index)
            guard let other = (0..<group.count).first(where: { group.payload($0) != own }) else {
                continue
            }
            let check = NoiseCheck.contradiction
            counts[check.name, default: 0] += 1
            var finding = Finding(
                code: check.rawValue, row: group.row(index),
                message: "same prompt as row \(group.row(other) + 1), with another answer")
            finding.severity = .low
            finding.group = UInt64(group.row(0)) + 1
            finding.score = 0.6
            finding.evidence = .object([
                "other_row_index": JSONValue(group.row(other)),
                "group_size": JSONValue(group.count),
            ])
            try sink.report(finding)
            var proposal = Proposal(.review, row: group.row(index), code: check.rawValue)
            proposal.group = finding.group
            proposal.confidence = 0.6
            try sink.propose(proposal)
        }
    }

    mutating func merge(_ other: NoisePartial) {
        rowCount += other.rowCount
        flaggedCount += other.flaggedCount
        counts.merge(other.counts, uniquingKeysWith: +)
        if let others = other.labelled { labelled?.merge(others) }
    }

    func save(to writer: inout StateWriter) {
        writer.write(rowCount)
        writer.write(flaggedCount)
        writer.write(counts)
        labelled?.save(to: &writer)
    }
}
