public import AssayKit
import CoverageAlgorithm
public import Numerics

/// What the first pass hands to the second.
struct CoverageLook: Sendable {
    /// Rows that may be near copies of others, ascending.
    let candidates: [Int]
    /// Tells categories by examples; `nil` where no dimension has any.
    let examples: ExampleModel?
    /// What the first pass has found out for the report.
    let findings: ReportDraft

    /// As bytes, for `init(_:seed:work:)`.
    func bytes() -> [UInt8] {
        var writer = StateWriter()
        writer.write(candidates) { $0.write($1) }
        writer.write((examples?.numbers ?? []).map(\.bitPattern))
        findings.save(to: &writer)
        return writer.bytes
    }

    init(candidates: [Int], examples: ExampleModel?, findings: ReportDraft) {
        self.candidates = candidates
        self.examples = examples
        self.findings = findings
    }

    /// Reads what `bytes` wrote.
    init(_ bytes: [UInt8], seed: UInt64, work: some WorkSharing) throws {
        var reader = StateReader(reading: bytes)
        candidates = try reader.list(size: 8) { try $0.integer() }
        let numbers = try reader.words().map { Float(bitPattern: $0) }
        examples = numbers.isEmpty ? nil : ExampleModel(numbers: numbers, seed: seed, work: work)
        findings = try ReportDraft(from: &reader)
    }
}

extension HostServices: WorkSharing {}
