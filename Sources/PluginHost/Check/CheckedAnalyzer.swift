import BatchStore
import CAssay
import Glibc
import JSONText
import Numerics
import Orchestrator
import Parallel
import Records

/// The checks of one analyzer that run its code, inside a worker.
struct CheckedAnalyzer {
    let request: AnalyzerRequest
    let analyzer: UnsafePointer<assay_analyzer>
    let identity: AnalyzerIdentity
    let manifest: Manifest.Analyzer
    let rows: CheckedRows
    let progress: ProgressPage
    /// The process before the library was loaded.
    let atStart: ProcessState

    func life(_ world: CheckedWorld = CheckedWorld()) -> CheckedLife {
        CheckedLife(request, analyzer, rows, progress, world: world)
    }

    /// What a life says; the laws that it broke on the way come as an error.
    func output(
        _ course: LifeCourse = LifeCourse(), _ world: CheckedWorld = CheckedWorld()
    ) throws -> CheckedOutput {
        let life = life(world)
        let wire = try life.run(course)
        if let broken = life.broken.first {
            throw AnalyzerFailure(call: "", message: broken)
        }
        return CheckedOutput(wire, identity, rows.counts)
    }

    /// What a check finds; an error of the analyzer's where it should have gone on is a fault.
    func finding(_ check: LifeCheck) -> CheckFinding {
        do {
            return try found(check)
        } catch let failure as AnalyzerFailure
            where failure.isConfigurationFault && !failure.message.hasPrefix("status ")
        {
            // It may say so; what it needs nobody can guess.
            let words =
                "it refuses its defaults (\(failure.message)); give what it needs with --set"
            return check == .outputValid ? .warning(words) : .skipped(words)
        } catch let failure as AnalyzerFailure {
            return .failed(
                failure.call.isEmpty
                    ? failure.message : "\(failure.call) failed: \(failure.message)")
        } catch {
            return .failed("\(error)")
        }
    }

    private func found(_ check: LifeCheck) throws -> CheckFinding {
        switch check {
        // The worker has done these two before it came here.
        case .loadLibrary, .loadManifest: return .passed
        case .outputValid:
            let faults = try output().faults
            return faults.isEmpty ? .passed : .failed(faults.joined(separator: "; "))
        case .outputSections:
            let sections = try output().sections
            guard !sections.isEmpty else { return .skipped("it has no sections") }
            return sections.lazy.compactMap(SectionShape.fault).first.map(CheckFinding.failed)
                ?? .passed
        case .hostLarger: return try hostLarger()
        case .hostShorter: return hostShorter()
        case .unknownExtension: return unknownExtension()
        case .errorBuffers: return errorBuffers()
        case .writerFails: return try writerFails()
        case .sinkRefuses: return try sinkRefuses()
        case .configExtremes: return configExtremes()
        case .noRows, .emptyTexts, .characters, .longRow: return try valid(output())
        case .oneRow: return try valid(output(LifeCourse(rows: [.data: 0..<1])))
        case .emptyBatch:
            return try same(LifeCourse(hasEmptyBatches: true), "with batches without rows between")
        case .nulls:
            var world = CheckedWorld()
            world.areNull = true
            return try valid(output(LifeCourse(batchRows: 50), world))
        case .guardPage:
            var world = CheckedWorld()
            world.isGuarded = true
            return try valid(output(LifeCourse(batchRows: 3), world))
        case .seed: return CheckFinding(verdict: .passed, lines: try output().lines)
        case .batches: return try batches()
        case .shards: return try shards()
        case .association: return try association()
        case .neutral:
            return try same(
                LifeCourse(shardRows: 50, hasEmptyPartials: true), "with empty partials between",
                than: LifeCourse(shardRows: 50))
        case .reload:
            return try same(
                LifeCourse(shardRows: 40, reloads: true), "after save and load",
                than: LifeCourse(shardRows: 40))
        case .threads: return try threads()
        case .instances: return try instances()
        case .stateRepeated: return try stateRepeated()
        case .stateEmpty: return try states { _, use in try use([]) }
        case .stateTruncated: return try states(truncated)
        case .stateFlipped: return try states(flipped)
        case .stateForeign: return try states(foreign)
        case .hygieneThreads, .hygieneDescriptors, .hygieneProcess, .hygieneSignals,
            .hygieneOutput:
            return try hygiene(check)
        case .hygieneMemory: return try memory()
        case .cancellation: return cancellation()
        case .fuzz: return try fuzz()
        }
    }

    private func valid(_ output: CheckedOutput) -> CheckFinding {
        output.faults.isEmpty ? .passed : .failed(output.faults.joined(separator: "; "))
    }

    /// Compares a life with an ordinary one.
    private func same(
        _ course: LifeCourse, _ words: String, than other: LifeCourse = LifeCourse()
    ) throws -> CheckFinding {
        try same([(course, words)], than: other)
    }

    private func same(
        _ courses: [(course: LifeCourse, words: String)], than other: LifeCourse = LifeCourse()
    ) throws -> CheckFinding {
        let expected = try output(other).lines
        for (course, words) in courses {
            let found = try output(course).lines
            if let difference = CheckedOutput.difference(expected, found) {
                return .failed("\(words): \(difference)")
            }
        }
        return .passed
    }

    // MARK: Algebra

    private func batches() throws -> CheckFinding {
        try same(
            [1, 3, 7, 64].map { (size: Int) in
                (LifeCourse(batchRows: size), "in batches of \(size)")
            }
                + [(LifeCourse(batchRows: 20, drawnCuts: request.seed), "in drawn batches")])
    }

    private func shards() throws -> CheckFinding {
        try same(
            [97, 50, 11, 1].map { (size: Int) in
                (LifeCourse(shardRows: size), "in shards of \(size)")
            }
                + [(LifeCourse(shardRows: 40, drawnCuts: request.seed), "in drawn shards")])
    }

    private func association() throws -> CheckFinding {
        try same(
            [
                (LifeCourse(shardRows: 13, bracket: .right), "merged from the right"),
                (LifeCourse(shardRows: 13, bracket: .drawn), "merged in a drawn order"),
            ], than: LifeCourse(shardRows: 13))
    }

    /// Partials side by side, and more or fewer threads inside one call.
    private func threads() throws -> CheckFinding {
        let found = try same(
            [12, 7, 30].map { (size: Int) in
                (
                    LifeCourse(shardRows: size, batchRows: 4, threads: 4),
                    "on four threads, in shards of \(size)"
                )
            }, than: LifeCourse(shardRows: 12, batchRows: 4))
        guard found.verdict == .passed else { return found }
        let expected = try output().lines
        for count in [1, 4] {
            var world = CheckedWorld()
            world.parallelThreads = count
            let lines = try output(LifeCourse(), world).lines
            if let difference = CheckedOutput.difference(expected, lines) {
                return .failed("with \(count) threads for assay.parallel/1: \(difference)")
            }
        }
        return .passed
    }

    private static let fuzzRounds = (least: 3, most: 12)
    private static let fuzzTime = Duration.seconds(5)

    private func fuzz() throws -> CheckFinding {
        var draw = SeededGenerator(seed: request.seed, stream: 0xF022)
        let counts = rows.counts
        let start = ContinuousClock.now
        for round in 0..<CheckedAnalyzer.fuzzRounds.most {
            if round >= CheckedAnalyzer.fuzzRounds.least,
                ContinuousClock.now - start > CheckedAnalyzer.fuzzTime
            {
                break
            }
            var windows: [Role: Range<Int>] = [:]
            for (role, count) in counts.sorted(by: { $0.key < $1.key }) {
                let first = Int(draw.below(UInt64(count)))
                windows[role] = first..<first + Int(draw.below(UInt64(count - first) + 1))
            }
            func course() -> LifeCourse {
                LifeCourse(
                    shardRows: 1 + Int(draw.below(40)), batchRows: 1 + Int(draw.below(20)),
                    drawnCuts: draw.next(), bracket: .drawn, reloads: draw.below(2) == 0,
                    hasEmptyPartials: draw.below(2) == 0, rows: windows)
            }
            let (one, two) = try (output(course()), output(course()))
            if let fault = one.faults.first { return .failed("round \(round): \(fault)") }
            if let difference = CheckedOutput.difference(one.lines, two.lines) {
                return .failed("round \(round), two ways of cutting: \(difference)")
            }
        }
        return .passed
    }

    /// A second instance lives and dies while the first one is at work.
    private func instances() throws -> CheckFinding {
        let expected = try output().lines
        let life = life()
        let wire = try life.run { _ = try output(LifeCourse(shardRows: 30)) }
        let found = CheckedOutput(wire, identity, rows.counts).lines
        return CheckedOutput.difference(expected, found).map {
            .failed("with another instance in between: \($0)")
        } ?? .passed
    }

    // MARK: Configuration

    /// The defaults with one setting at one end of its range, for every setting and end.
    private func configExtremes() -> CheckFinding {
        var tried = 0
        for (name, node) in manifest.configuration.properties {
            var values = node.allowed
            for bound in [node.minimum, node.maximum].compactMap({ $0 }) {
                let isWhole = node.types.contains("integer") && abs(bound) < 1e15
                values.append(isWhole ? JSONValue(Int(bound)) : .number(bound))
            }
            if node.types == ["boolean"] { values += [.bool(false), .bool(true)] }
            for value in values {
                guard
                    var configuration = (try? JSONValue(parsing: request.configuration))?
                        .objectValue
                else { return .failed("the defaults are no object") }
                configuration[name] = value
                let life = life()
                tried += 1
                do {
                    try life.create(JSONValue.object(configuration).bytes)
                    life.destroy()
                    // Columns that go with the setting may be missing: it may say so, and may not crash.
                    var request = request
                    request.configuration = JSONValue.object(configuration).bytes
                    let short = LifeCourse(rows: rows.counts.mapValues { 0..<min($0, 20) })
                    _ = try? CheckedLife(request, analyzer, rows, progress).run(short)
                } catch let failure as AnalyzerFailure {
                    if !failure.isConfigurationFault || failure.message == "status 1" {
                        return .failed(
                            "\(name) = \(value.text): \(failure.call) failed: \(failure.message)")
                    }
                } catch {
                    return .failed("\(name) = \(value.text): \(error)")
                }
                if let broken = life.broken.first {
                    return .failed("\(name) = \(value.text): \(broken)")
                }
            }
        }
        return tried == 0 ? .skipped("it has no settings with ends") : .passed
    }

    // MARK: Cancellation

    private func cancellation() -> CheckFinding {
        var world = CheckedWorld()
        world.isCancelled = true
        let life = life(world)
        do {
            _ = try life.run(LifeCourse(shardRows: 50, batchRows: 10))
        } catch let failure as AnalyzerFailure where failure.status != ASSAY_E_CANCELLED {
            return .failed("\(failure.call) failed: \(failure.message), expected ASSAY_E_CANCELLED")
        } catch {}
        return life.broken.first.map(CheckFinding.failed) ?? .passed
    }
}
