import Glibc
import Synchronization

/// A fixed number of threads that share out numbered work.
public enum ThreadTeam {
    /// Calls `body` once for every index in `0..<count` on at most `threads` threads, and returns
    /// when all calls have ended.
    ///
    /// Indices are handed out in ascending order. What `body` writes must be its own; results that
    /// are stored by index are therefore in the same order whatever the number of threads.
    public static func forEach(
        _ count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> Void
    ) {
        guard count > 0 else { return }
        let next = Atomic<Int>(0)
        let work: @Sendable () -> Void = { [next = Shared(next)] in
            while true {
                let index = next.value.add(1, ordering: .relaxed).oldValue
                if index >= count { return }
                body(index)
            }
        }
        run(min(threads, count)) { _ in work() }
    }

    /// Runs `body` on `threads` threads at once, the calling thread being number 0, and returns when
    /// all have ended.
    public static func run(_ threads: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let others = (1..<max(1, threads)).map { number in ThreadHandle { body(number) } }
        body(0)
        for thread in others { thread.join() }
    }

    /// `count` results in index order, computed on at most `threads` threads.
    public static func map<Result: Sendable>(
        _ count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> Result
    ) -> [Result] {
        let results = Guarded<[Result?]>(Array(repeating: nil, count: count))
        forEach(count, threads: threads) { index in
            let result = body(index)
            results.withLock { $0[index] = result }
        }
        return results.withLock { $0.compactMap { $0 } }
    }
}

extension ThreadTeam {
    /// Computes `count` results on `threads` threads and hands each to `consume`, on the calling thread
    /// and in index order, as soon as it and all before it are there.
    ///
    /// When `consume` throws, no more is handed over; what is being computed is waited for.
    public static func produce<Result: Sendable>(
        _ count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> Result,
        consume: (Result) throws -> Void
    ) rethrows {
        let results = ElementStream<Result>()
        let early = Guarded<(next: Int, waiting: [Int: Result])>((0, [:]))
        let team = ThreadHandle {
            forEach(count, threads: threads) { index in
                let result = body(index)
                early.withLock { state in
                    state.waiting[index] = result
                    while let next = state.waiting.removeValue(forKey: state.next) {
                        results.append(next)
                        state.next += 1
                    }
                }
            }
        }
        defer { team.join() }
        for index in 0..<count {
            guard let result = results.element(at: index) else { return }
            try consume(result)
        }
    }
}

private final class Shared: Sendable {
    let value: Atomic<Int>
    init(_ value: consuming Atomic<Int>) { self.value = value }
}

/// One thread with an 8 MiB stack, to be joined once.
public final class ThreadHandle: @unchecked Sendable {
    private var handle = pthread_t()
    private let started: Bool

    /// Starts `body` on a new thread; when no thread can be had, runs it now.
    public init(_ body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setstacksize(&attributes, 8 << 20)
        defer { pthread_attr_destroy(&attributes) }
        let box = Unmanaged.passRetained(Closure(body))
        started =
            pthread_create(
                &handle, &attributes,
                { pointer in
                    guard let pointer else { return nil }
                    Unmanaged<Closure>.fromOpaque(pointer).takeRetainedValue().body()
                    return nil
                }, box.toOpaque()) == 0
        if !started { box.takeRetainedValue().body() }
    }

    /// Waits until the thread has ended.
    public func join() {
        if started { pthread_join(handle, nil) }
    }
}

private final class Closure: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
