import AssayKit
import CoverageAlgorithm
import JSONText
import Numerics

/// Counts the records of each category of a taxonomy and says what is missing.
struct CoverageAnalyzer: Analyzer {
    static let id: StaticString = "org.assay.coverage"
    static let version: StaticString = "0.1.0"
    static let stateFormat: UInt32 = 3

    let taxonomy: Taxonomy
    let hand: HandLabels
    let host: HostServices
    private let looks = BroadcastMemory<CoverageLook>()

    init(configuration: JSONValue, host: HostServices) throws {
        self.host = host
        taxonomy = try Taxonomy(
            configuration["taxonomy"], target: configuration["target"]?.intValue ?? 100)
        hand = try HandLabels(configuration["review"], taxonomy)
    }

    func begin(_ pass: Pass) throws -> CoveragePartial {
        CoveragePartial(
            taxonomy: taxonomy, hand: hand, seed: pass.seed,
            look: pass.number == 0
                ? nil
                : try looks.value(pass.broadcast) {
                    try CoverageLook($0, seed: pass.seed, work: host)
                })
    }

    func load(_ reader: inout StateReader, pass: Pass) throws -> CoveragePartial {
        var partial = try begin(pass)
        try partial.load(from: &reader)
        return partial
    }

    func endPass(_ partial: CoveragePartial) throws -> PassDecision {
        guard partial.look == nil else { return .finish }
        let sample = EmbeddedSample(partial, taxonomy, host)
        let look = CoverageLook(
            candidates: partial.signatures.candidates(host),
            examples: try sample.exampleModel(taxonomy, seed: partial.seed),
            findings: try sample.findings(taxonomy, seed: partial.seed))
        let bytes = look.bytes()
        looks.remember(look, bytes)
        return .again(broadcast: bytes)
    }

    func finish(_ partial: CoveragePartial, to sink: Sink) throws {
        let verdict = try CoverageVerdict(taxonomy, partial.counts, seed: partial.seed)
        try CoverageReport(taxonomy: taxonomy, counts: partial.counts, verdict: verdict)
            .report(to: sink)
        try partial.look?.findings.send(to: sink)
    }
}
