import Glibc

/// Elements that come in one after the other and are kept: any number of threads read them from the
/// first, waiting for what has not come yet.
public final class ElementStream<Element: Sendable>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var elements: [Element] = []
    private var ending: Ending?
    private var observers: [(number: Int, body: @Sendable () -> Void)] = []
    private var nextObserver = 0

    /// How a stream ended.
    public enum Ending: Sendable {
        /// All elements have come.
        case complete
        /// No more come, though there were more.
        case broken
    }

    /// An open stream without elements.
    public init() {
        mutex = .allocate(capacity: 1)
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
        condition = .allocate(capacity: 1)
        condition.initialize(to: pthread_cond_t())
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    private func withLock<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    /// Adds an element; not to be called after `end`.
    public func append(_ element: Element) {
        change { elements.append(element) }
    }

    /// Ends the stream; a second call does nothing.
    public func end(_ ending: Ending) {
        change { if self.ending == nil { self.ending = ending } }
    }

    private func change(_ body: () -> Void) {
        let called = withLock {
            body()
            pthread_cond_broadcast(condition)
            return observers
        }
        for observer in called { observer.body() }
    }

    /// The element at an index, waiting for it; `nil` when the stream ended before it.
    public func element(at index: Int) -> Element? {
        withLock {
            while index >= elements.count, ending == nil { pthread_cond_wait(condition, mutex) }
            return index < elements.count ? elements[index] : nil
        }
    }

    /// The elements from an index on that have come, without waiting, and the ending if there is one.
    public func available(from index: Int) -> (elements: [Element], ending: Ending?) {
        withLock { (Array(elements[min(index, elements.count)...]), ending) }
    }

    /// Waits for the end and returns all elements and how it ended.
    public func all() -> (elements: [Element], ending: Ending) {
        withLock {
            while ending == nil { pthread_cond_wait(condition, mutex) }
            return (elements, ending ?? .broken)
        }
    }

    /// Has `body` called after every change, on the thread that made it; returns the number under
    /// which it is taken back.
    public func observe(_ body: @escaping @Sendable () -> Void) -> Int {
        withLock {
            observers.append((nextObserver, body))
            nextObserver += 1
            return nextObserver - 1
        }
    }

    /// Takes an observer back; it may still be in a call.
    public func forget(_ number: Int) {
        withLock { observers.removeAll { $0.number == number } }
    }
}
