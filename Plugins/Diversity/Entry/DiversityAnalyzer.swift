public import AssayKit
import DiversityAlgorithm
import JSONText
public import Numerics

/// Finds what is repeated and measures how varied the rest is, at equal n.
struct DiversityAnalyzer: Analyzer {
    static let id: StaticString = "org.assay.diversity"
    static let version: StaticString = "0.1.0"
    static let stateFormat: UInt32 = 5

    private let settings: Settings
    private let host: HostServices
    private let looks = BroadcastMemory<DiversityLook>()

    init(configuration: JSONValue, host: HostServices) throws {
        settings = try Settings(configuration)
        self.host = host
    }

    func begin(_ pass: Pass) throws -> DiversityPartial {
        let look =
            pass.number == 0
            ? nil
            : try looks.value(pass.broadcast) { try DiversityLook($0) }
        return DiversityPartial(settings, pass, look: look, host: host)
    }

    func load(_ reader: inout StateReader, pass: Pass) throws -> DiversityPartial {
        var partial = try begin(pass)
        try partial.load(from: &reader)
        return partial
    }

    func endPass(_ partial: DiversityPartial) throws -> PassDecision {
        guard partial.pass == 0, partial.keys.count > 0 else { return .finish }
        let look = look(partial)
        let bytes = look.bytes()
        looks.remember(look, bytes)
        return .again(broadcast: bytes)
    }

    /// What the second pass needs to know of all records.
    private func look(_ partial: DiversityPartial) -> DiversityLook {
        let keys = partial.keys
        var look = DiversityLook()
        look.rowCount = keys.count
        let leaders = ExactCopies.leaders(keys)
        var kept = Set(
            NearCopies.candidates(
                keys, exactLeaders: leaders, threshold: settings.threshold, work: host))
        for (index, leader) in leaders.enumerated() where leader != index {
            kept.insert(Int(leader))
        }
        var placeOf: [Int: UInt32] = [:]
        for index in kept.sorted() {
            placeOf[index] = UInt32(look.kept.count)
            look.kept.append(index, of: keys)
        }
        for (index, leader) in leaders.enumerated() where leader != index {
            look.copies.append(UInt32(keys.row(index)))
            look.copyLeaders.append(placeOf[Int(leader)] ?? 0)
        }
        // Of the same conversation several times one is enough to say so.
        let copied = Set(look.copies.map { Int($0) })
        look.beginnings = partial.beginnings.found().filter { !copied.contains($0.row) }
        let prompts = (0..<keys.count).map { keys.prompt($0) }
        let responses = (0..<keys.count).map { keys.response($0) }
        look.promptCount = prompts.count { $0 != 0 }
        look.responseCount = responses.count { $0 != 0 }
        look.repeatedPrompts = ExactCopies.repeats(prompts)
        look.repeatedResponses = ExactCopies.repeats(responses)
        var sample = BottomSample<Void>(capacity: settings.repetitionSize, seed: partial.seed)
        for index in 0..<keys.count { sample.add(row: keys.row(index), ()) }
        look.sampled = sample.entries.map { UInt32($0.row) }
        if !partial.evalRows.isEmpty {
            look.eval = EvalIndex(
                tokens: partial.evalTokens, starts: partial.evalStarts,
                answers: partial.evalAnswers, answerStarts: partial.evalAnswerStarts)
            look.evalRows = partial.evalRows
        }
        look.settle()
        return look
    }

    func finish(_ partial: DiversityPartial, to sink: Sink) throws {
        guard let look = partial.look else { return }
        let removals = Removals(look, partial, threshold: settings.threshold)
        var draft = ReportDraft()
        let removedShare = Double(removals.copyRows.count) / Double(max(1, look.rowCount))
        try VarietyReport(settings: settings, host: host, seed: partial.seed).report(
            partial.samples, removedShare: removedShare, to: &draft)
        host.reportProgress(1, of: 3)
        try RepetitionReport(
            settings: settings, look: look, partial: partial, removals: removals, host: host
        ).report(to: &draft, sink)
        host.reportProgress(2, of: 3)
        try SelectionReport(
            settings: settings, partial: partial, removals: removals, host: host
        ).report(to: &draft, sink)
        try draft.send(to: sink)
    }
}

extension HostServices: WorkSharing {}
