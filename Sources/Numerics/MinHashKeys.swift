/// Which values of a signature make the keys under which sets of some similarity meet.
struct MinHashKeys: Sendable {
    /// The places of a key's values; five, or four with the last one twice.
    private let places: [SIMD8<UInt8>]
    /// Functions of either half in which two signatures must agree to be worth comparing.
    let leastAgreement: Int

    /// Keys for a threshold of Jaccard similarity s.
    ///
    /// From 0.75 on sixteen keys of five values, of both halves: a pair shares none with a chance of
    /// (1 − s⁵)¹⁶, 0.002 at 0.8. Below, 48 keys of four: 0.001 at 0.6, 0.05 at 0.5. Of pairs whose similarity is
    /// the threshold three in a thousand agree in less than three standard deviations below it.
    init(threshold: Double) {
        let (count, size) = threshold < 0.75 ? (48, 4) : (16, 5)
        let half = MinHash.hashCount / 2
        var taken = [0, 0]
        places = (0..<count).map { key in
            var places = SIMD8<UInt8>.zero
            for index in 0..<5 {
                guard index < size else {
                    places[index] = places[index - 1]
                    continue
                }
                // By turns, the odd keys beginning with the other half. Once all values of a half are in keys,
                // others are put together.
                let part = (key + index) % 2
                let (round, step) = taken[part].quotientAndRemainder(dividingBy: half)
                places[index] = UInt8(part * half + (step + 5 * round * index) % half)
                taken[part] += 1
            }
            return places
        }
        let deviation = (Double(half) * threshold * (1 - threshold)).squareRoot()
        leastAgreement = max(1, Int(Double(half) * threshold - 3 * deviation))
    }

    /// Number of keys.
    var count: Int { places.count }

    /// The hash of a key of every signature with its index, sorted by hash, then index; empty sets left out.
    ///
    /// `signatures` holds `stride` numbers a set, of which the signature begins at `first` and `salts` stand
    /// before it: sets of which those differ do not meet. O(n).
    func sorted(
        _ key: Int, _ signatures: [UInt32], stride: Int, first: Int, salts: Int
    ) -> [UInt64] {
        let count = signatures.count / stride
        var keys: [UInt64] = []
        keys.reserveCapacity(count)
        let values = signatures.span
        let places = places[key]
        for index in 0..<count {
            let start = index * stride + first
            guard values[start] != MinHash.none else { continue }
            var hash: UInt64 = 0
            for salt in 0..<salts {
                hash =
                    (hash ^ UInt64(values[start - 1 - salt])) &* 0x9E37_79B9_7F4A_7C15
                hash ^= hash >> 32
            }
            for part in 0..<5 {
                let place = Int(places[part])
                let value = values[start + place / 2] >> UInt32(16 * (place % 2)) & 0xFFFF
                hash = (hash ^ UInt64(value)) &* 0x9E37_79B9_7F4A_7C15
            }
            hash ^= hash >> 29
            keys.append((hash &* 0xBF58_476D_1CE4_E5B9) & ~0xFFFF_FFFF | UInt64(index))
        }
        RadixSort.sortByUpperHalf(&keys)
        return keys
    }
}
