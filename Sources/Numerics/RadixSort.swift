/// Sorts 64-bit numbers by their upper halves.
enum RadixSort {
    private static let bits = 11

    /// Sorts by the upper 32 bits; numbers that agree in them keep their order.
    ///
    /// Three passes of 11 bits: O(n), with room for as many numbers again.
    static func sortByUpperHalf(_ keys: inout [UInt64]) {
        guard keys.count > 256 else {
            // Below the cost of counting; the lower halves are told apart by their places.
            let places = keys.indices.sorted {
                (keys[$0] >> 32, $0) < (keys[$1] >> 32, $1)
            }
            keys = places.map { keys[$0] }
            return
        }
        var other = [UInt64](repeating: 0, count: keys.count)
        for shift in [32, 32 + UInt64(bits), 32 + 2 * UInt64(bits)] {
            pass(keys, to: &other, shift: shift)
            swap(&keys, &other)
        }
    }

    private static func pass(_ keys: [UInt64], to other: inout [UInt64], shift: UInt64) {
        let mask = UInt64(1 << bits - 1)
        var starts = [Int](repeating: 0, count: 1 << bits)
        var places = starts.mutableSpan
        let keys = keys.span
        for index in keys.indices { places[Int(keys[index] >> shift & mask)] &+= 1 }
        var sum = 0
        for bucket in places.indices {
            let count = places[bucket]
            places[bucket] = sum
            sum &+= count
        }
        var target = other.mutableSpan
        for index in keys.indices {
            let bucket = Int(keys[index] >> shift & mask)
            target[places[bucket]] = keys[index]
            places[bucket] &+= 1
        }
    }
}
