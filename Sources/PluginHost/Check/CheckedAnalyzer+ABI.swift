import BatchStore
import CAssay
import Numerics
import Records

extension CheckedAnalyzer {
    /// The host's structs have a tail that the plugin does not know.
    func hostLarger() throws -> CheckFinding {
        var world = CheckedWorld()
        world.size = .larger
        let (one, two) = try (output().lines, output(LifeCourse(), world).lines)
        return CheckedOutput.difference(one, two).map(CheckFinding.failed) ?? .passed
    }

    /// The host's structs lack their last member, with a page behind them that ends the process.
    ///
    /// An error that says so is as good as a result.
    func hostShorter() -> CheckFinding {
        var world = CheckedWorld()
        world.size = .shorter
        let life = life(world)
        do {
            _ = try life.run(LifeCourse(shardRows: 50))
        } catch let failure as AnalyzerFailure {
            if failure.message.hasPrefix("status ") {
                return .failed("\(failure.call) gave up without a message")
            }
        } catch {
            return .failed("\(error)")
        }
        return life.broken.first.map(CheckFinding.failed) ?? .passed
    }

    func unknownExtension() -> CheckFinding {
        let ids: [StaticString] = ["org.example.nobody/1", "assay.groups/99", "assay.group", ""]
        let life = life()
        let found = ids.first { life.hasExtension($0) }
        return found.map { .failed("\"\($0)\" gives something") } ?? .passed
    }

    /// Errors on purpose, with buffers of every size.
    func errorBuffers() -> CheckFinding {
        var wasRefused = false
        for room in [nil, 0, 1, 2, 7, 64] as [Int?] {
            var world = CheckedWorld()
            world.errorBytes = room
            let life = life(world)
            func attempt(_ body: () throws -> Void) {
                do { try body() } catch { wasRefused = true }
            }
            attempt {
                try life.create(Array("[1, \"".utf8))
                life.destroy()
            }
            attempt {
                try life.create()
                defer { life.destroy() }
                for state in [[], [1], Array(repeating: 0xFF, count: 300)] as [[UInt8]] {
                    attempt { life.discard(try life.load(state, .init())) }
                }
            }
            if let broken = life.broken.first {
                return .failed("with \(room.map { "\($0) bytes" } ?? "no buffer"): \(broken)")
            }
        }
        return wasRefused ? .passed : .skipped("it takes any configuration and any state")
    }

    /// A writer refuses at the first byte, in the middle and at the last one.
    func writerFails() throws -> CheckFinding {
        var tried = 0
        for isLast in [false, true] {
            for share in [0.0, 0.5, 1.0] {
                let probe = life()
                try probe.create()
                let whole = try saved(probe, isLast: isLast).count
                probe.destroy()
                guard whole > 0 else { continue }
                var world = CheckedWorld()
                world.writerBytes = min(whole - 1, Int(Double(whole) * share))
                let life = life(world)
                try life.create()
                do { _ = try saved(life, isLast: isLast) } catch {}
                life.destroy()
                tried += 1
                if let broken = life.broken.first {
                    return .failed("after \(world.writerBytes ?? 0) bytes of \(whole): \(broken)")
                }
            }
        }
        // The broadcast of a pass goes through a writer as well.
        var world = CheckedWorld()
        world.writerBytes = 0
        let life = life(world)
        do { _ = try life.run() } catch {}
        if let broken = life.broken.first { return .failed(broken) }
        return tried == 0 ? .skipped("its state is empty") : .passed
    }

    /// The state of a partial that has seen nothing, or the data's first batch.
    private func saved(_ life: CheckedLife, isLast: Bool) throws -> [UInt8] {
        let partial = try life.begin(.init())
        defer { life.discard(partial) }
        if isLast, let fed = rows.batches.first {
            try life.scan(fed, 0..<fed.stored.rowCount, partial, ShardOutput())
        }
        return try life.save(partial)
    }

    /// A sink refuses at calls spread over the whole life.
    func sinkRefuses() throws -> CheckFinding {
        let plain = life()
        _ = try plain.run(LifeCourse(shardRows: 50))
        let calls = plain.sinkBudget.calls
        guard calls > 0 else { return .skipped("it says nothing") }
        let places = Set([0, 1, calls / 4, calls / 2, calls * 3 / 4, calls - 1])
        for place in places.sorted() where place < calls {
            var world = CheckedWorld()
            world.sinkCalls = place
            let life = life(world)
            var hasFailed = false
            do { _ = try life.run(LifeCourse(shardRows: 50)) } catch { hasFailed = true }
            if let broken = life.broken.first {
                return .failed("at call \(place + 1) of \(calls): \(broken)")
            }
            if !hasFailed, life.sinkBudget.refusals > 0 {
                return .failed("at call \(place + 1) of \(calls): went on as if nothing had been")
            }
        }
        return .passed
    }

    // MARK: State

    /// The states of partials that saw something: of every role a batch, and of nothing.
    private func states(of life: CheckedLife) throws -> [[UInt8]] {
        var states: [[UInt8]] = []
        let empty = try life.begin(.init())
        states.append(try life.save(empty))
        life.discard(empty)
        for fed in rows.batches {
            let partial = try life.begin(.init(role: fed.stored.role.rawValue))
            defer { life.discard(partial) }
            try life.scan(fed, 0..<fed.stored.rowCount, partial, ShardOutput())
            states.append(try life.save(partial))
        }
        return states
    }

    /// Saves twice, and again after a load.
    func stateRepeated() throws -> CheckFinding {
        let life = life()
        try life.create()
        defer { life.destroy() }
        for fed in rows.batches {
            let place = CheckedLife.Place(role: fed.stored.role.rawValue)
            let partial = try life.begin(place)
            defer { life.discard(partial) }
            try life.scan(fed, 0..<fed.stored.rowCount, partial, ShardOutput())
            let first = try life.save(partial)
            guard try life.save(partial) == first else {
                return .failed("a second save of a partial of \(fed.stored.role.name) differs")
            }
            let loaded = try life.load(first, place)
            defer { life.discard(loaded) }
            guard try life.save(loaded) == first else {
                return .failed("a partial of \(fed.stored.role.name) differs after its load")
            }
        }
        return life.broken.first.map(CheckFinding.failed) ?? .passed
    }

    /// Loads bad states, made from good ones; what is taken has to be a partial that can be used.
    func states(_ bad: (_ good: [UInt8]) -> [[UInt8]]) throws -> CheckFinding {
        let life = life()
        try life.create()
        defer { life.destroy() }
        for good in try states(of: life) {
            for state in bad(good) {
                guard let loaded = try? life.load(state, .init()) else { continue }
                // Whatever it is now, it may say no; it may not crash.
                _ = try? life.save(loaded)
                let fresh = try life.begin(.init())
                try? life.merge(fresh, loaded)
                life.discard(loaded)
                life.discard(fresh)
            }
        }
        return life.broken.first.map(CheckFinding.failed) ?? .passed
    }

    private static let mostStates = 400

    func truncated(_ good: [UInt8]) -> [[UInt8]] {
        guard good.count > CheckedAnalyzer.mostStates else {
            return good.indices.map { Array(good[..<$0]) }
        }
        var draw = SeededGenerator(seed: request.seed, stream: 0x7A0C)
        let lengths =
            (0..<128).map { $0 } + (1...32).map { good.count - $0 }
            + (0..<128).map { _ in Int(draw.below(UInt64(good.count))) }
        return lengths.map { Array(good[..<$0]) }
    }

    func flipped(_ good: [UInt8]) -> [[UInt8]] {
        guard !good.isEmpty else { return [] }
        var draw = SeededGenerator(seed: request.seed, stream: 0xF11B)
        var states: [[UInt8]] = []
        for index in 0..<CheckedAnalyzer.mostStates {
            var state = good
            // Numbers of elements stand at the beginning of most formats.
            let bound = index % 2 == 0 ? min(64, good.count) : good.count
            let place = Int(draw.below(UInt64(bound)))
            switch draw.below(3) {
            case 0: state[place] ^= 1 << UInt8(draw.below(8))
            case 1: state[place] = 0xFF
            default:
                for offset in place..<min(place + 8, good.count) { state[offset] = 0xFF }
            }
            states.append(state)
        }
        return states
    }

    func foreign(_ good: [UInt8]) -> [[UInt8]] {
        var draw = SeededGenerator(seed: request.seed, stream: 0xF0E1)
        return (0..<64).map { index in
            let length = index % 4 == 0 ? good.count : Int(draw.below(600))
            return (0..<length).map { _ in UInt8(truncatingIfNeeded: draw.next()) }
        } + [good + good, good + [0]]
    }
}
