import Generation
import HTTP
import JSONText
import Numerics
import Orchestrator
import Planning
import PluginHost
import Reading
import Records

/// Makes records for what the data lacks, and lets in those against which no analyzer speaks.
///
/// For every gap that an analyzer names and no pool has filled: a generator is asked first, rules come after it.
/// What is made is analysed beside the data that it would join, by every chosen plugin; what is a copy, at fault, or
/// not of the cell it was made for is refused, and asked for again.
final class Augmentation {
    /// Times that a generator is asked for the same gap, and that rules try to fill it.
    private static let attempts = 3
    /// Records from which the rules draw words and variations at most.
    private static let mostSources = 500
    /// Examples in a request at most.
    private static let mostExamples = 8
    /// Share of a text's words that rules change, at the first attempt and every further one.
    private static let rates = [0.15, 0.3, 0.45]

    private let options: AugmentationOptions
    private let settings: RunSettings
    private let files: PlanPaths
    private let log: GenerationLog?
    private let endpoint: ChatEndpoint?
    private var supply = SupplyAccount()
    /// Whether the generator gave nothing but failures: it is not asked again.
    private var isBroken = false
    private var made = 0
    private var letIn = 0
    private var refusals: [String: Int] = [:]
    private var refused = JSONWriter()

    init(_ options: AugmentationOptions, settings: RunSettings, files: PlanPaths) throws {
        self.options = options
        self.settings = settings
        self.files = files
        endpoint = try options.endpoint.map { url in
            var endpoint = try ChatEndpoint(
                url: url, model: options.model ?? "", key: Installation.endpointKey)
            endpoint.seconds = options.generatorSeconds
            endpoint.callsPerMinute = options.callsPerMinute
            endpoint.schedule = RetrySchedule(firstSeconds: options.retrySeconds)
            endpoint.seed = settings.seed
            return endpoint
        }
        if options.generator != nil || options.endpoint != nil {
            log = try GenerationLog(
                path: options.generated ?? files.generated,
                budget: GenerationBudget(
                    records: options.maxGenerated, calls: options.maxCalls,
                    tokens: options.maxTokens))
        } else {
            log = nil
        }
    }

    /// Something that an analyzer wants more of.
    private struct Gap {
        let identity: AnalyzerIdentity
        let code: String
        let group: UInt64
        let wanted: String
        let confidence: Double
        let cell: JSONValue
        /// Rows of the data that belong there and are sound, in order.
        let sources: [Int]
        /// Rows that the analyzer names.
        let examples: [(role: Role, row: Int)]
        var missing: Int
    }

    /// A record that may be added, and the gap that it is for.
    private struct Candidate {
        let addition: PlanAddition
        let gap: Int
    }

    /// Records for what the analyzers still want when a plan is applied.
    ///
    /// `current` is the data as it was analysed, `lines` what the plan does with its rows, `origins` where they come
    /// from; what was added `earlier` is not added again. `trial` writes the data with some additions to `path` and says how many records it then has.
    func additions(
        _ results: [AnalyzerResult], places: RecordPlaces?, current: RecordTexts, lines: [PlanLine],
        allows: (Double) -> Bool, origins: [Int], earlier: [[UInt8]], path: String,
        trial: ([PlanAddition]) throws -> Int
    ) throws -> [PlanAddition] {
        var gaps = gaps(results, lines: lines, allows: allows)
        let form = try current.form()
        var accepted: [PlanAddition] = []
        var known = Set(earlier)
        var stages: [(isRule: Bool, attempt: Int)] = []
        if log != nil, !isBroken { stages += (0..<Augmentation.attempts).map { (false, $0) } }
        if options.rules { stages += (0..<Augmentation.attempts).map { (true, $0) } }
        for stage in stages where gaps.contains(where: { $0.missing > 0 }) {
            if !stage.isRule, isBroken { continue }
            var candidates =
                stage.isRule
                ? variations(gaps, current, origins: origins, attempt: stage.attempt, form: form)
                : try generated(gaps, places, current, attempt: stage.attempt, form: form)
            candidates.removeAll { !known.insert($0.addition.record).inserted }
            if stage.isRule {
                candidates = Array(candidates.prefix(max(0, options.maxGenerated - letIn)))
            }
            guard !candidates.isEmpty else { continue }
            made += candidates.count
            let verdicts = try judge(
                candidates, gaps, besides: accepted, path: path, trial: trial)
            for (candidate, verdict) in zip(candidates, verdicts) {
                if let verdict {
                    refuse(candidate.addition, verdict.code, verdict.why)
                } else if gaps[candidate.gap].missing > 0 {
                    gaps[candidate.gap].missing -= 1
                    letIn += 1
                    accepted.append(candidate.addition)
                } else {
                    refuse(candidate.addition, "surplus", "there are enough of them")
                }
            }
        }
        return accepted
    }

    private func gaps(
        _ results: [AnalyzerResult], lines: [PlanLine], allows: (Double) -> Bool
    ) -> [Gap] {
        let touched = Set(
            lines.filter { [.drop, .change, .review].contains($0.action) }.map(\.row))
        return results.flatMap { result -> [Gap] in
            var members: [UInt64: [Int]] = [:]
            var examples: [UInt64: [(role: Role, row: Int)]] = [:]
            for proposal in result.output.proposals where proposal.group != 0 {
                guard let row = proposal.row else { continue }
                if proposal.action == .keep, proposal.role == .data, !touched.contains(row) {
                    members[proposal.group, default: []].append(row)
                } else if proposal.action == .augment, proposal.role != .pool,
                    proposal.role != .eval
                {
                    examples[proposal.group, default: []].append((proposal.role, row))
                }
            }
            var cells: [UInt64: JSONValue] = [:]
            for finding in result.allFindings where finding.group != 0 && finding.row == nil {
                cells[finding.group] = finding.evidence
            }
            return result.output.proposals.compactMap { proposal in
                guard proposal.action == .augment, proposal.row == nil, proposal.number >= 1,
                    allows(proposal.confidence)
                else { return nil }
                let named = examples[proposal.group] ?? []
                let sound = named.filter { $0.role == .data && !touched.contains($0.row) }
                return Gap(
                    identity: result.identity, code: proposal.code, group: proposal.group,
                    wanted: proposal.text, confidence: proposal.confidence,
                    cell: cells[proposal.group] ?? .null,
                    sources: members[proposal.group] ?? sound.map(\.row),
                    examples: named.filter { $0.role != .data || !touched.contains($0.row) },
                    missing: Int(min(proposal.number, 1e9)))
            }
        }
    }

    private func request(
        _ gap: Gap, examples: [JSONValue], form: RecordRequest.Form, attempt: Int
    ) -> RecordRequest {
        RecordRequest(
            wanted: gap.wanted, code: gap.code, analyzer: gap.identity.id, cell: gap.cell,
            count: gap.missing, examples: examples, form: form, attempt: attempt,
            source: options.generator ?? options.endpoint.map { "\($0) \(options.model ?? "")" }
                ?? "rules")
    }

    private func addition(
        _ record: [UInt8], _ gap: Gap, by: String, request: String, like: JSONObject = [:]
    ) -> PlanAddition {
        PlanAddition(
            record: record, origin: .made(by: by, request: request, like: like),
            because: [
                "code": .string(gap.code), "action": "augment",
                "analyzer": .string(gap.identity.id), "version": .string(gap.identity.version),
                "confidence": .number(gap.confidence),
            ], explanation: "made by \(by) for \(gap.wanted)")
    }

    // MARK: - Generators

    private func generated(
        _ gaps: [Gap], _ places: RecordPlaces?, _ current: RecordTexts, attempt: Int,
        form: RecordRequest.Form
    ) throws -> [Candidate] {
        guard let log else { return [] }
        var requests: [(gap: Int, request: RecordRequest)] = []
        let references = try otherRoles(gaps, places)
        for (number, gap) in gaps.enumerated() where gap.missing > 0 {
            var examples: [JSONValue] = []
            for (role, row) in gap.examples where examples.count < Augmentation.mostExamples {
                let value = role == .data ? current.value(row) : references[role]?[row]
                if let value, value != .null { examples.append(value) }
            }
            requests.append(
                (number, request(gap, examples: examples, form: form, attempt: attempt)))
        }
        guard !requests.isEmpty else { return [] }
        let isQuiet = settings.isQuiet
        let warn: @Sendable (String) -> Void = { text in
            if !isQuiet { Diagnostics.line("warning: \(text)") }
        }
        let by: String
        let before = supply
        if let command = options.generator {
            by = "generator"
            supply += try GeneratorProgram(
                command: command, environment: Installation.environment,
                seconds: options.generatorSeconds, warn: warn
            ).supply(requests.map(\.request), log: log)
        } else if let endpoint {
            by = options.model ?? "model"
            supply += try endpoint.supply(requests.map(\.request), log: log, warn: warn)
        } else {
            return []
        }
        isBroken =
            supply.records == before.records
            && supply.failures + supply.timeouts + supply.rateLimits
                > before.failures + before.timeouts + before.rateLimits
        var candidates: [Candidate] = []
        for (number, request) in requests {
            for value in log.records(for: request.id) {
                do {
                    let record = try current.record(from: value)
                    candidates.append(
                        Candidate(
                            addition: addition(record, gaps[number], by: by, request: request.id),
                            gap: number))
                } catch {
                    made += 1
                    refuse(
                        addition(value.bytes, gaps[number], by: by, request: request.id),
                        "form", "\(error)")
                }
            }
        }
        return candidates
    }

    /// The records of other roles that gaps name as examples.
    private func otherRoles(
        _ gaps: [Gap], _ places: RecordPlaces?
    ) throws -> [Role: [Int: JSONValue]] {
        var found: [Role: [Int: JSONValue]] = [:]
        var texts: [String: RecordTexts] = [:]
        for gap in gaps where gap.missing > 0 {
            for (role, row) in gap.examples where role != .data && found[role]?[row] == nil {
                guard let place = places?[role, row], place.file != "-" else { continue }
                if texts[place.file] == nil {
                    var options = ReadingOptions()
                    options.fields = settings.fields
                    texts[place.file] = try RecordTexts(
                        SourceBytes(path: place.file), options: options)
                }
                guard let file = texts[place.file], let own = file.row(at: place.span.offset) else {
                    continue
                }
                found[role, default: [:]][row] = file.value(own)
            }
        }
        return found
    }

    // MARK: - Rules

    private func variations(
        _ gaps: [Gap], _ current: RecordTexts, origins: [Int], attempt: Int,
        form: RecordRequest.Form
    ) -> [Candidate] {
        var candidates: [Candidate] = []
        let columns: [ColumnName] =
            switch options.rulesOn {
            case "prompt": [.prompt]
            case "response": [.response]
            default: [.prompt, .response]
            }
        for (number, gap) in gaps.enumerated() where gap.missing > 0 && !gap.sources.isEmpty {
            let id = request(gap, examples: [], form: form, attempt: attempt).id
            let sources = Array(gap.sources.prefix(Augmentation.mostSources))
            var offered: [String: [String]] = [:]
            for column in columns {
                let texts = sources.prefix(50).flatMap { current.pieces(column, $0) }
                offered[column.rawValue] = Array(
                    Set(texts.flatMap { TextVariation($0)?.offered ?? [] })
                ).sorted()
            }
            // Twice as many as are wanted: some will not be let in.
            for place in 0..<2 * min(gap.missing, options.maxGenerated) {
                let row = sources[place % sources.count]
                var generator = SeededGenerator(
                    seed: settings.seed,
                    stream: StableHash.mix(UInt64(row)) ^ UInt64(place / sources.count) << 8
                        ^ UInt64(attempt) << 40 ^ gap.group)
                guard
                    let varied = vary(
                        row, columns, current, offered, attempt: attempt, &generator)
                else { continue }
                let origin = origins.indices.contains(row) ? origins[row] : row
                candidates.append(
                    Candidate(
                        addition: addition(
                            varied.record, gap, by: "rules", request: id,
                            like: [
                                "row_index": JSONValue(origin),
                                "rules": .array(varied.rules.map { .string($0.rawValue) }),
                            ]), gap: number))
            }
        }
        return candidates
    }

    /// A record with one piece of each column varied; `nil` where a column has none that may be.
    private func vary(
        _ row: Int, _ columns: [ColumnName], _ current: RecordTexts,
        _ offered: [String: [String]], attempt: Int, _ generator: inout SeededGenerator
    ) -> (record: [UInt8], rules: [TextVariation.Rule])? {
        var changes: [(column: ColumnName, piece: Int, text: String)] = []
        var rules: [TextVariation.Rule] = []
        for column in columns {
            let pieces = current.pieces(column, row)
            // Longest first: an instruction of three words is not what makes the record.
            let order = pieces.indices.sorted {
                (pieces[$1].utf8.count, $0) < (pieces[$0].utf8.count, $1)
            }
            var isVaried = false
            for piece in order where !isVaried {
                guard
                    let made = TextVariation(pieces[piece])?.make(
                        rate: Augmentation.rates[attempt], offered: offered[column.rawValue] ?? [],
                        &generator)
                else { continue }
                changes.append((column, piece, made.text))
                rules += made.rules
                isVaried = true
            }
            guard isVaried else { return nil }
        }
        guard let record = try? current.replacing(changes, row) else { return nil }
        return (record, rules)
    }

    // MARK: - Admission

    private func judge(
        _ candidates: [Candidate], _ gaps: [Gap], besides accepted: [PlanAddition],
        path: String, trial: ([PlanAddition]) throws -> Int
    ) throws -> [Admission.Refusal?] {
        let count = try trial(accepted + candidates.map(\.addition))
        var own = settings.reading(path, review: nil)
        // What a pool offers says nothing of them.
        own.sources.removeAll { $0.role == .pool }
        let results = try Analysis(settings: own).trial(recordCount: count)
        let first = count - candidates.count
        return Admission(OptimizeLoop.voices(results, rowCount: count)).judge(
            candidates.enumerated().map { index, candidate in
                Admission.Candidate(
                    row: first + index, analyzer: gaps[candidate.gap].identity.id,
                    group: gaps[candidate.gap].group)
            })
    }

    private func refuse(_ addition: PlanAddition, _ code: String, _ why: String) {
        refusals[code, default: 0] += 1
        guard case .made(let by, let request, _) = addition.origin else { return }
        refused.value(
            .object([
                "made_by": .string(by), "request": .string(request), "code": .string(code),
                "why": .string(why),
                "record": .string(String(decoding: addition.record, as: UTF8.self)),
            ]))
        refused.newline()
    }

    /// Says what came of it, and writes what was refused to a file.
    func conclude(_ account: OptimizeAccount) throws {
        if log != nil { account.tell("asked: \(supply.text)", "asked", .string(supply.text)) }
        for reason in supply.givenUp.prefix(5) { Diagnostics.line("warning: given up: \(reason)") }
        account.tell(
            "made: \(made) records, \(letIn) let in", "made",
            ["records": JSONValue(made), "let_in": JSONValue(letIn)])
        guard !refusals.isEmpty else { return }
        let told = refusals.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
            "\($0.value) \(Augmentation.words[$0.key] ?? $0.key)"
        }
        let path = files.refused
        let file = try AtomicFile(path: path)
        try file.append(refused.bytes)
        _ = try file.complete()
        try file.publish()
        account.tell(
            "refused: \(told.joined(separator: ", ")); see \(path)", "refused",
            .object(
                JSONObject(
                    refusals.sorted { $0.key < $1.key }.map { ($0.key, JSONValue($0.value)) })))
    }

    private static let words = [
        "form": "of another form", "cell": "not counted in their cell",
        "surplus": "more than wanted",
    ]
}
