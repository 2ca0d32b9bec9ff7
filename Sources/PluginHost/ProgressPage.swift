import CLinux
import Glibc
import Records

/// The functions of an analyzer, as the progress page names them.
enum AnalyzerCall: UInt64 {
    case load = 1
    case create, begin, scan, group, save, loadState, merge, endPass, finish

    /// The name in the ABI.
    var name: String {
        switch self {
        case .load: "loading"
        case .loadState: "load"
        case .endPass: "end_pass"
        default: "\(self)"
        }
    }
}

/// Shared memory in which a worker says what each of its threads is doing, so that the host knows
/// after a crash which rows were being looked at, and whether a call has hung.
///
/// One slot of eight words a thread: call (0 when idle), role, first row, row after the last, a
/// counter that moves with every call and every progress report, and the rows scanned so far.
final class ProgressPage: @unchecked Sendable {
    /// As many as a run may have threads.
    static let slotCount = 256
    private static let wordsPerSlot = 8
    static let byteCount = slotCount * wordsPerSlot * 8

    let descriptor: Int32
    private let words: UnsafeMutablePointer<UInt64>

    /// What one thread is doing.
    struct Activity {
        let call: AnalyzerCall
        let role: Role
        let rows: Range<Int>
        let counter: UInt64
    }

    /// Maps the page behind a descriptor, or makes a new one.
    init?(descriptor existing: Int32? = nil) {
        let descriptor = existing ?? clx_memory_file("assay-progress")
        guard descriptor >= 0 else { return nil }
        if existing == nil, ftruncate(descriptor, ProgressPage.byteCount) != 0 { return nil }
        guard
            let base = mmap(
                nil, ProgressPage.byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
            base != MAP_FAILED
        else { return nil }
        self.descriptor = descriptor
        words = base.bindMemory(to: UInt64.self, capacity: ProgressPage.byteCount / 8)
    }

    deinit {
        munmap(words, ProgressPage.byteCount)
        close(descriptor)
    }

    private func slot(_ thread: Int) -> UnsafeMutablePointer<UInt64> {
        words + (thread % ProgressPage.slotCount) * ProgressPage.wordsPerSlot
    }

    func enter(_ call: AnalyzerCall, thread: Int, role: Int32 = 0, rows: Range<Int> = 0..<0) {
        let slot = slot(thread)
        clx_store(slot + 1, UInt64(role))
        clx_store(slot + 2, UInt64(rows.lowerBound))
        clx_store(slot + 3, UInt64(rows.upperBound))
        _ = clx_fetch_add(slot + 4, 1)
        clx_store(slot, call.rawValue)
    }

    /// A thread has scanned so many rows.
    func scanned(_ rows: Int, thread: Int) { _ = clx_fetch_add(slot(thread) + 5, UInt64(rows)) }

    /// Rows that all threads have scanned, all passes together.
    var scannedRows: UInt64 {
        (0..<ProgressPage.slotCount).reduce(0) { $0 &+ clx_load(slot($1) + 5) }
    }

    func leave(thread: Int) { clx_store(slot(thread), 0) }

    /// A call reports that it is still at work: moves every thread's counter.
    func touch() {
        for thread in 0..<ProgressPage.slotCount { _ = clx_fetch_add(slot(thread) + 4, 1) }
    }

    /// Changes whenever a thread begins a call or reports progress.
    var movement: UInt64 {
        (0..<ProgressPage.slotCount).reduce(0) { $0 &+ clx_load(slot($1) + 4) }
    }

    /// What each busy thread is doing, by thread.
    ///
    /// The words come from the worker and are checked.
    var activities: [Int: Activity] {
        var found: [Int: Activity] = [:]
        for thread in 0..<ProgressPage.slotCount {
            let slot = slot(thread)
            guard let call = AnalyzerCall(rawValue: clx_load(slot)) else { continue }
            let (first, end) = (clx_load(slot + 2), clx_load(slot + 3))
            let isValid = first <= end && end < UInt64(Int32.max) * 1024
            found[thread] = Activity(
                call: call,
                role: Role(rawValue: Int32(truncatingIfNeeded: clx_load(slot + 1))) ?? .data,
                rows: isValid ? Int(first)..<Int(end) : 0..<0, counter: clx_load(slot + 4))
        }
        return found
    }
}
