import AssayKit
import JSONText
import NoiseAlgorithm
import Numerics

/// Looks for records that would teach the model something wrong.
struct NoiseAnalyzer: Analyzer {
    static let id: StaticString = "org.assay.noise"
    static let version: StaticString = "0.1.0"
    static let stateFormat: UInt32 = 1

    let mostTokens: Int

    init(configuration: JSONValue) { mostTokens = configuration["context_tokens"]?.intValue ?? 8192 }

    func begin(_ pass: Pass) -> NoisePartial { NoisePartial(mostTokens: mostTokens) }

    func load(_ reader: inout StateReader, pass: Pass) throws -> NoisePartial {
        var partial = begin(pass)
        partial.rowCount = try reader.integer()
        partial.flaggedCount = try reader.integer()
        partial.counts = try reader.counts()
        return partial
    }

    func finish(_ partial: NoisePartial, to sink: Sink) throws {
        let n = partial.rowCount
        guard n > 0 else { return }
        let rate = Double(partial.flaggedCount) / Double(n)
        let bounds = Quantiles.wilsonInterval(count: partial.flaggedCount, of: n)
        try sink.state(
            Metric("noise.score", 1 - rate, unit: "share", n: n, direction: .higherIsBetter,
                help: "share of records without a finding of severity medium or high in structure and text"))
        try sink.state(
            Metric("noise.rate", rate, unit: "share", n: n, direction: .lowerIsBetter,
                interval: bounds.low...bounds.high,
                help: "share of records with a finding of severity medium or high in structure and text"))
        for check in NoiseCheck.allCases {
            let count = partial.counts[check.name, default: 0]
            let interval = Quantiles.wilsonInterval(count: count, of: n)
            try sink.state(
                Metric("noise.\(check.scoreName)_rate", Double(count) / Double(n), unit: "share", n: n,
                    direction: .lowerIsBetter, interval: interval.low...interval.high,
                    help: "share of records with \(check.name)"))
        }
        try sink.show("bars", "Findings by type", .object([
            "unit": "records",
            "bars": .array(NoiseCheck.allCases.filter { partial.counts[$0.name, default: 0] > 0 }.map {
                .object(["label": .string($0.name), "value": JSONValue(partial.counts[$0.name, default: 0])])
            }),
        ]))
    }
}

/// The checks with their codes.
enum NoiseCheck: String, CaseIterable {
    case emptyResponse = "NSE001"
    case truncatedResponse = "NSE002"
    case roleOrder = "NSE003"
    case overLong = "NSE004"
    case mojibake = "NSE020"
    case controlCharacters = "NSE021"
    case htmlResidue = "NSE022"
    case repetition = "NSE023"
    case placeholderInput = "NSE024"
    case promptEcho = "NSE025"
    case refusal = "NSE029"
    case unfulfillableRequest = "NSE030"
    case personalData = "NSE031"
    case secret = "NSE032"
    case contradiction = "NSE040"

    var name: String {
        switch self {
        case .emptyResponse: "empty-response"
        case .truncatedResponse: "truncated-response"
        case .roleOrder: "role-order"
        case .overLong: "over-long"
        case .mojibake: "mojibake"
        case .controlCharacters: "control-characters"
        case .htmlResidue: "html-residue"
        case .repetition: "repetition"
        case .placeholderInput: "placeholder-input"
        case .promptEcho: "prompt-echo"
        case .refusal: "refusal"
        case .unfulfillableRequest: "unfulfillable-request"
        case .personalData: "personal-data"
        case .secret: "secret"
        case .contradiction: "contradiction"
        }
    }

    var scoreName: String { name.split(separator: "-").joined(separator: "_") }

    var message: String {
        switch self {
        case .emptyResponse: "the response is empty"
        case .truncatedResponse: "the response ends in the middle"
        case .roleOrder: "the conversation does not alternate and end with the assistant"
        case .overLong: "the record is longer than the stated context"
        case .mojibake: "the text was decoded with the wrong character set"
        case .controlCharacters: "the text has control characters"
        case .htmlResidue: "the text has left-over HTML"
        case .repetition: "a phrase is repeated on end"
        case .placeholderInput: "the input is a placeholder"
        case .promptEcho: "the response only repeats the prompt"
        case .refusal: "the response is a refusal"
        case .unfulfillableRequest: "the prompt needs something that text cannot carry"
        case .personalData: "the text has a personal e-mail address"
        case .secret: "the text has something that looks like a secret key"
        case .contradiction: "the same prompt has another answer"
        }
    }

    var severity: Severity {
        switch self {
        case .emptyResponse, .truncatedResponse, .repetition, .promptEcho, .secret: .high
        case .mojibake, .controlCharacters, .roleOrder, .placeholderInput, .refusal, .personalData: .medium
        default: .low
        }
    }

    var action: Action {
        switch self {
        case .emptyResponse, .promptEcho, .repetition: .drop
        default: .review
        }
    }
}

/// Counts by check; findings go to the sink as they are met.
struct NoisePartial: GroupingPartial {
    let mostTokens: Int
    var rowCount = 0
    var flaggedCount = 0
    var counts: [String: Int] = [:]

    init(mostTokens: Int) { self.mostTokens = mostTokens }

    mutating func scan(_ batch: Batch, to sink: Sink) throws {
        guard batch.role == .data, let prompts = batch.text("text.prompt"),
            let responses = batch.text("text.response"), let tokens = batch.tokens("feature.tokens.all/1")
        else { return }
        let labels = batch.text("label")
        let inputs = batch.text("field:/input")
        rowCount += batch.rowCount
        for position in 0..<batch.rowCount {
            var isFlagged = false
            func flag(_ check: NoiseCheck, _ column: String, _ fault: TextFault) throws {
                try report(check, row: batch.firstRow + position, column, fault, to: sink)
                if check.severity.rawValue >= Severity.medium.rawValue { isFlagged = true }
            }
            let whole = TextFault(span: 0..<0)
            let turnCount = batch.turns?.count(position) ?? 0
            let isLabelled = !responses.isPresent(position) && labels?.isPresent(position) == true
            let expectsResponse = responses.isPresent(position) || turnCount > 1
            if expectsResponse, !isLabelled, responses.withBytes(position, { ByteSearch.trimmed($0).isEmpty }) {
                try flag(.emptyResponse, "text.response", whole)
            }
            if let turns = batch.turns, NoisePartial.isOutOfOrder(turns, position) {
                try flag(.roleOrder, "turns", whole)
            }
            if tokens.count(position) > mostTokens { try flag(.overLong, "text.all", whole) }
            if let fault = responses.withBytes(position, TextChecks.truncated) {
                try flag(.truncatedResponse, "text.response", fault)
            }
            let isEcho = prompts.withBytes(position) { prompt in
                responses.withBytes(position) { $0.count >= 12 && ByteSearch.areEqual(prompt, $0) }
            }
            if isEcho { try flag(.promptEcho, "text.response", whole) }
            if let fault = responses.withBytes(position, TextChecks.refusal) {
                try flag(.refusal, "text.response", fault)
            }
            if let fault = prompts.withBytes(position, TextChecks.unfulfillable) {
                try flag(.unfulfillableRequest, "text.prompt", fault)
            }
            if let fault = inputs?.withBytes(position, TextChecks.placeholder) {
                try flag(.placeholderInput, "field:/input", fault)
            }
            for (name, column) in [("text.prompt", prompts), ("text.response", responses)] {
                if let fault = column.withBytes(position, TextChecks.mojibake) { try flag(.mojibake, name, fault) }
                if let fault = column.withBytes(position, TextChecks.controlCharacters) { try flag(.controlCharacters, name, fault) }
                if let fault = column.withBytes(position, TextChecks.htmlResidue) { try flag(.htmlResidue, name, fault) }
                if let fault = column.withBytes(position, { TextChecks.repetition($0) }) { try flag(.repetition, name, fault) }
                if let fault = column.withBytes(position, TextChecks.secret) { try flag(.secret, name, fault) }
                if let fault = column.withBytes(position, TextChecks.personalData) { try flag(.personalData, name, fault) }
            }
            if isFlagged { flaggedCount += 1 }
            try emit(prompts, responses, labels, position, batch.firstRow, turnCount, to: sink)
        }
    }

    /// Brings equal prompts together, with what they teach.
    private func emit(
        _ prompts: TextColumn, _ responses: TextColumn, _ labels: TextColumn?, _ position: Int,
        _ firstRow: Int, _ turnCount: Int, to sink: Sink
    ) throws {
        guard turnCount <= 3, !prompts.withBytes(position, { ByteSearch.trimmed($0).isEmpty }) else { return }
        let taught: TextColumn
        if responses.isPresent(position) {
            taught = responses
        } else if let labels, labels.isPresent(position) {
            taught = labels
        } else {
            return
        }
        func fingerprint(_ column: TextColumn) -> [UInt8] {
            var value = Fingerprint()
            column.withBytes(position) { text in
                var isPending = false
                let range = ByteSearch.trimmed(text)
                for index in range {
                    let byte = text[index]
                    if byte == 0x20 || (0x09...0x0D).contains(byte) {
                        isPending = true
                    } else {
                        if isPending { value.append(0x20) }
                        isPending = false
                        value.append(byte)
                    }
                }
            }
            return value.bytes
        }
        try sink.emit(key: fingerprint(prompts), row: firstRow + position, payload: fingerprint(taught))
    }

    /// Turns after the system prompt alternate, begin with the user and end with the assistant.
    private static func isOutOfOrder(_ turns: TurnsColumn, _ row: Int) -> Bool {
        let count = turns.count(row)
        guard count > 1 else { return false }
        var roles: [String] = []
        for turn in 0..<count {
            let role = turns.role(row, turn: turn)
            if role == "system" {
                if turn > 0 { return true }
            } else if role != "tool" {
                roles.append(role)
            }
        }
        guard roles.first == "user", roles.last == "assistant" else { return roles.count > 1 }
        return zip(roles, roles.dropFirst()).contains { $0 == "user" && $1 == "user" }
    }

    private mutating func report(
        _ check: NoiseCheck, row: Int, _ column: String, _ fault: TextFault, to sink: Sink
    ) throws {
        counts[check.name, default: 0] += 1
        var finding = Finding(code: check.rawValue, row: row, message: check.message)
        finding.severity = check.severity
        finding.column = column
        finding.span = fault.span
        finding.score = fault.score
        try sink.report(finding)
        var proposal = Proposal(check.action, row: row, code: check.rawValue)
        proposal.confidence = fault.score
        try sink.propose(proposal)
        try sink.score(check.scoreName, role: .data, firstRow: row, [fault.score])
    }

    mutating func group(_ group: Group, to sink: Sink) throws {
        guard group.count > 1 else { return }
        let first = group.payload(0)
        guard (1..<group.count).contains(where: { group.payload($0) != first }) else { return }
        for index in 0..<group.count {
            let own = group.payload(index)
            guard let other = (0..<group.count).first(where: { group.payload($0) != own }) else { continue }
            let check = NoiseCheck.contradiction
            counts[check.name, default: 0] += 1
            var finding = Finding(
                code: check.rawValue, row: group.row(index),
                message: "same prompt as row \(group.row(other) + 1), with another answer")
            finding.severity = .low
            finding.group = UInt64(group.row(0)) + 1
            finding.score = 0.6
            finding.evidence = .object(["other_row_index": JSONValue(group.row(other)), "group_size": JSONValue(group.count)])
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
    }

    func save(to writer: inout StateWriter) {
        writer.write(rowCount)
        writer.write(flaggedCount)
        writer.write(counts)
    }
}
