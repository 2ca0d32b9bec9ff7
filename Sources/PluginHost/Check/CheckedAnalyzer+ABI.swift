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
        return wasRefused ? .passed : .skipped("it takes any state")
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
        let probe = life()
        try probe.create()
        let partial = try probe.begin(.init())
        _ = try probe.endPass(partial)
        probe.discard(partial)
        probe.destroy()
        for bytes in Set([0, max(0, probe.broadcastBytes - 1)]).sorted() {
            var world = CheckedWorld()
            world.writerBytes = bytes
            let life = life(world)
            do { _ = try life.run() } catch {}
            if let broken = life.broken.first { return .failed("after \(bytes) bytes: \(broken)") }
        }
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
    ///
    /// One state at a time: they may be large.
    func states(_ bad: (_ good: [UInt8], _ use: ([UInt8]) throws -> Void) throws -> Void) throws
        -> CheckFinding
    {
        let life = life()
        try life.create()
        defer { life.destroy() }
        let start = ContinuousClock.now
        for good in try states(of: life) {
            var used = 0
            try bad(good) { state in
                guard let loaded = try? life.load(state, .init()) else { return }
                defer { life.discard(loaded) }
                // Whatever it is now, it may say no; it may not crash.
                _ = try? life.save(loaded)
                // A whole life takes long in some plugins: then not every state gets one.
                used += 1
                guard
                    used <= CheckedAnalyzer.leastUsed
                        || ContinuousClock.now - start < CheckedAnalyzer.useTime
                else { return }
                if let fed = rows.batches.first {
                    try? life.scan(fed, 0..<fed.stored.rowCount, loaded, ShardOutput())
                }
                let fresh = try life.begin(.init())
                defer { life.discard(fresh) }
                try? life.merge(fresh, loaded)
                _ = try? life.endPass(fresh)
                _ = try? life.finish(fresh)
                guard let alone = try? life.load(state, .init()) else { return }
                defer { life.discard(alone) }
                _ = try? life.endPass(alone)
                _ = try? life.finish(alone)
            }
        }
        return life.broken.first.map(CheckFinding.failed) ?? .passed
    }

    private static let leastUsed = 3
    private static let useTime = Duration.seconds(6)

    /// States that are tried of each good one; fewer of large ones.
    private func count(of good: [UInt8]) -> Int {
        max(40, min(400, (64 << 20) / max(1, good.count)))
    }

    func truncated(_ good: [UInt8], _ use: ([UInt8]) throws -> Void) throws {
        let most = count(of: good)
        guard good.count > most else {
            for length in good.indices { try use(Array(good[..<length])) }
            return
        }
        var draw = SeededGenerator(seed: request.seed, stream: 0x7A0C)
        for index in 0..<most {
            let length =
                switch index % 4 {
                case 0: index / 2
                case 1: index / 2 + 1
                case 2: good.count - 1 - index / 4
                default: Int(draw.below(UInt64(good.count)))
                }
            try use(Array(good[..<max(0, length)]))
        }
    }

    func flipped(_ good: [UInt8], _ use: ([UInt8]) throws -> Void) throws {
        guard !good.isEmpty else { return }
        var draw = SeededGenerator(seed: request.seed, stream: 0xF11B)
        for index in 0..<count(of: good) {
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
            try use(state)
        }
    }

    func foreign(_ good: [UInt8], _ use: ([UInt8]) throws -> Void) throws {
        var draw = SeededGenerator(seed: request.seed, stream: 0xF0E1)
        for index in 0..<64 {
            let length = index % 4 == 0 ? min(good.count, 1 << 20) : Int(draw.below(600))
            try use((0..<length).map { _ in UInt8(truncatingIfNeeded: draw.next()) })
        }
        try use(good + good)
        try use(good + [0])
    }
}
