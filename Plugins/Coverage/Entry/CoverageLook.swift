import AssayKit
import CoverageAlgorithm
import Numerics
import Synchronization

/// What the first pass hands to the second.
struct CoverageLook: Sendable {
    /// Rows that may be near copies of others, ascending.
    let candidates: [Int]
    /// Tells categories by examples; `nil` where no dimension has any.
    let examples: ExampleModel?
    /// What the first pass has found out for the report.
    let findings: [UInt8]

    func bytes() -> [UInt8] {
        var writer = StateWriter()
        writer.write(candidates) { $0.write($1) }
        writer.write((examples?.numbers ?? []).withUnsafeBytes { Array($0) })
        writer.write(findings)
        var mark = StateWriter()
        mark.write(StableHash.hash(writer.bytes.span))
        return mark.bytes + writer.bytes
    }

    init(candidates: [Int], examples: ExampleModel?, findings: [UInt8]) {
        self.candidates = candidates
        self.examples = examples
        self.findings = findings
    }

    private init(_ bytes: [UInt8], seed: UInt64, work: HostWork) throws {
        var reader = StateReader(reading: bytes)
        _ = try reader.integer()
        candidates = try reader.list(size: 8) { try $0.integer() }
        let numbers = try reader.words().map { Float(bitPattern: $0) }
        examples = numbers.isEmpty ? nil : ExampleModel(numbers: numbers, seed: seed, work: work)
        findings = try reader.data()
    }

    /// Reads it once for all partials of a pass.
    final class Reader: Sendable {
        private let last = Mutex<(mark: [UInt8], look: CoverageLook)?>(nil)

        /// Remembers what was just written, so that it need not be read.
        func remember(_ look: CoverageLook, _ bytes: [UInt8]) {
            last.withLock { $0 = (Array(bytes.prefix(8)), look) }
        }

        func read(_ bytes: [UInt8], seed: UInt64, work: HostWork) throws -> CoverageLook {
            let mark = Array(bytes.prefix(8))
            return try last.withLock { last in
                if let last, last.mark == mark { return last.look }
                let look = try CoverageLook(bytes, seed: seed, work: work)
                last = (mark, look)
                return look
            }
        }
    }
}

/// The host's threads as the algorithms ask for them.
struct HostWork: WorkSharing {
    let host: HostServices

    func map<Result: Sendable>(
        _ count: Int, _ body: @Sendable (Int) -> Result
    ) -> [Result] { host.map(count, body) }
}
