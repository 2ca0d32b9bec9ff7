import CAssay
import Glibc

/// Rows emitted under keys, their bytes in one arena: no allocation a row.
struct EmittedRows {
    struct Row {
        /// The first eight bytes of the key, most significant first: they decide most comparisons.
        let prefix: UInt64
        let row: UInt64
        /// Where the key stands in the arena, the payload right behind it.
        let start: Int
        let keyLength: UInt32
        let payloadLength: UInt32
        let role: Int32
    }

    private(set) var rows: [Row] = []
    let arena = ByteArena()

    /// Adds a row; false when key or payload is too long to be kept.
    mutating func append(
        key: assay_bytes, role: Int32, row: UInt64, payload: assay_bytes
    ) -> Bool {
        guard let keyLength = UInt32(exactly: key.len),
            let payloadLength = UInt32(exactly: payload.len)
        else { return false }
        let start = arena.append(key)
        _ = arena.append(payload)
        var prefix: UInt64 = 0
        for index in 0..<min(8, Int(keyLength)) {
            prefix |= UInt64(key.ptr?[index] ?? 0) << UInt64(56 - 8 * index)
        }
        rows.append(
            Row(
                prefix: prefix, row: row, start: start, keyLength: keyLength,
                payloadLength: payloadLength, role: role))
        return true
    }

    /// Gives back the memory kept for rows that did not come.
    mutating func shrink() {
        rows = rows.withUnsafeBufferPointer { Array($0) }
        arena.shrink()
    }
}

/// Bytes one after the other, which stay where they are once the last was added.
final class ByteArena: @unchecked Sendable {
    private(set) var base: UnsafeMutablePointer<UInt8>?
    private var count = 0
    private var capacity = 0

    private static let leastCapacity = 1 << 12

    deinit { free(base) }

    /// Adds bytes and returns where they stand.
    func append(_ bytes: assay_bytes) -> Int {
        let start = count
        guard let source = bytes.ptr, bytes.len > 0 else { return start }
        let end = count + Int(bytes.len)
        if end > capacity {
            capacity = max(end, 2 * capacity, ByteArena.leastCapacity)
            guard let grown = realloc(base, capacity) else { fatalError("out of memory") }
            base = grown.assumingMemoryBound(to: UInt8.self)
        }
        base?.advanced(by: start).update(from: source, count: Int(bytes.len))
        count = end
        return start
    }

    func shrink() {
        guard count < capacity, count > 0, let shrunk = realloc(base, count) else { return }
        base = shrunk.assumingMemoryBound(to: UInt8.self)
        capacity = count
    }
}

/// The emitted rows of all shards, brought together by key.
///
/// Keys ascend in byte order, members of a key by role and row: nothing depends on which shard or
/// thread emitted them. Rows are dealt out by the first bits of their keys, O(n); each share is sorted
/// when it is looked at, so that threads sort side by side, O(n log n) in all.
final class GroupedRows: @unchecked Sendable {
    private struct Row {
        let prefix: UInt64
        let row: UInt64
        let key: UnsafeMutablePointer<UInt8>?
        let keyLength: UInt32
        let payloadLength: UInt32
        let role: Int32
    }

    private let arenas: [ByteArena]
    private let rows: UnsafeMutableBufferPointer<Row>
    /// Shares of whole keys with about equally many rows when keys are spread evenly.
    let runs: [Range<Int>]

    /// Rows of a run, at most, when keys are spread evenly.
    static let runRows = 16_384
    private static let mostBits = 12

    /// Takes the rows over: `emitted` is empty afterwards.
    init(taking emitted: inout [EmittedRows], runRows: Int = GroupedRows.runRows) {
        arenas = emitted.map(\.arena)
        let count = emitted.reduce(0) { $0 + $1.rows.count }
        var bits = 0
        while count >> bits > runRows, bits < GroupedRows.mostBits { bits += 1 }
        func share(_ prefix: UInt64) -> Int { Int(prefix >> UInt64(64 - bits)) }
        var ends = [Int](repeating: 0, count: 1 << bits)
        for part in emitted { for row in part.rows { ends[share(row.prefix)] += 1 } }
        var runs: [Range<Int>] = []
        var start = 0
        for index in ends.indices {
            let size = ends[index]
            if size > 0 { runs.append(start..<start + size) }
            ends[index] = start
            start += size
        }
        self.runs = runs
        rows = .allocate(capacity: count)
        for index in emitted.indices {
            let part = emitted[index]
            emitted[index] = EmittedRows()
            for row in part.rows {
                let place = share(row.prefix)
                (rows.baseAddress.map { $0 + ends[place] })?.initialize(
                    to: Row(
                        prefix: row.prefix, row: row.row,
                        key: part.arena.base.map { $0 + row.start },
                        keyLength: row.keyLength, payloadLength: row.payloadLength, role: row.role))
                ends[place] += 1
            }
        }
    }

    deinit { rows.deallocate() }

    private static func areInOrder(_ left: Row, _ right: Row) -> Bool {
        if left.prefix != right.prefix { return left.prefix < right.prefix }
        let order = compareKeys(left, right)
        return order != 0 ? order < 0 : (left.role, left.row) < (right.role, right.row)
    }

    private static func compareKeys(_ left: Row, _ right: Row) -> Int {
        if let a = left.key, let b = right.key {
            let order = memcmp(a, b, Int(min(left.keyLength, right.keyLength)))
            if order != 0 { return Int(order) }
        }
        return Int(left.keyLength) - Int(right.keyLength)
    }

    /// Calls `body` once for every key of a run.
    ///
    /// Sorts the run: each is to be asked for once, by one thread.
    func forEachKey(
        in run: Range<Int>,
        _ body: (assay_bytes, UnsafeBufferPointer<assay_member>) throws -> Void
    ) rethrows {
        var part = UnsafeMutableBufferPointer(rebasing: rows[run])
        part.sort(by: GroupedRows.areInOrder)
        var members: [assay_member] = []
        var start = 0
        while start < part.count {
            members.removeAll(keepingCapacity: true)
            let first = part[start]
            var end = start
            while end < part.count, part[end].prefix == first.prefix,
                GroupedRows.compareKeys(first, part[end]) == 0
            {
                let row = part[end]
                let payload = row.key.map { UnsafePointer($0 + Int(row.keyLength)) }
                members.append(
                    assay_member(
                        role: row.role, reserved: 0, row: row.row,
                        payload: assay_bytes(ptr: payload, len: UInt64(row.payloadLength))))
                end += 1
            }
            try members.withUnsafeBufferPointer {
                try body(
                    assay_bytes(
                        ptr: first.key.map { UnsafePointer($0) }, len: UInt64(first.keyLength)), $0)
            }
            start = end
        }
    }
}
