import Numerics

/// How many copies of each record a resampled dataset has.
public struct Resample: Sendable {
    /// Copies by record; 0 for one that is left out.
    public let copies: [Int]
    /// Records of each group that were wanted and are not there, whatever the copies.
    public let missing: [Int]

    /// Records of the resampled dataset.
    public var size: Int { copies.reduce(0, +) }

    /// Draws `size` records by their weights, each at most `mostCopies` times.
    ///
    /// With one copy at most by Gumbel top-k, which draws without replacement with chances as the weights
    /// (Efraimidis and Spirakis 2006; Kool et al. 2019); with more, each record is taken its expected number of
    /// times, rounded down or up by one systematic draw, after what is above the most has been shared out among the
    /// others. What cannot be had is `missing`. O(n log n).
    public init(logWeights: [Double], size: Int, mostCopies: Int, seed: UInt64) {
        self.init(
            logWeights: logWeights, groups: logWeights.map { _ in 0 }, quotas: [size],
            mostCopies: mostCopies, seed: seed)
    }

    /// Draws `quotas[g]` records of every group; a record of a group below 0 is left out.
    public init(
        logWeights: [Double], groups: [Int32], quotas: [Int], mostCopies: Int, seed: UInt64
    ) {
        var members: [[Int]] = quotas.map { _ in [] }
        for (record, group) in groups.enumerated() where quotas.indices.contains(Int(group)) {
            members[Int(group)].append(record)
        }
        var copies = [Int](repeating: 0, count: logWeights.count)
        var missing: [Int] = []
        for (group, wanted) in quotas.enumerated() {
            let records = members[group]
            let size = min(max(0, wanted), records.count * max(1, mostCopies))
            missing.append(max(0, wanted) - size)
            let drawn =
                mostCopies <= 1
                ? Resample.top(records, logWeights, size, seed)
                : Resample.spread(records, logWeights, size, mostCopies, seed, group)
            for (record, count) in drawn { copies[record] = count }
        }
        self.copies = copies
        self.missing = missing
    }

    private static func top(
        _ records: [Int], _ logWeights: [Double], _ size: Int, _ seed: UInt64
    ) -> [(Int, Int)] {
        let keys = records.map { record -> (key: Double, record: Int) in
            var generator = SeededGenerator(seed: seed, stream: UInt64(record))
            return (logWeights[record] + generator.gumbel(), record)
        }
        return keys.sorted { ($1.key, $0.record) < ($0.key, $1.record) }.prefix(size).map {
            ($0.record, 1)
        }
    }

    private static func spread(
        _ records: [Int], _ logWeights: [Double], _ size: Int, _ most: Int, _ seed: UInt64,
        _ group: Int
    ) -> [(Int, Int)] {
        guard size > 0 else { return [] }
        let largest = records.map { logWeights[$0] }.max() ?? 0
        // Never 0, so that a size that takes all can be reached.
        let weights = records.map { max(1e-12, Elementary.exp(logWeights[$0] - largest)) }
        let order = weights.indices.sorted { (weights[$1], $0) < (weights[$0], $1) }
        // The heaviest get the most until the rest's share of what is left is below it.
        var (left, rest, full) = (Double(size), weights.reduce(0, +), 0)
        while full < order.count, weights[order[full]] * left >= Double(most) * rest {
            left -= Double(most)
            rest -= weights[order[full]]
            full += 1
        }
        var expected = [Double](repeating: Double(most), count: weights.count)
        let factor = rest > 0 ? max(0, left) / rest : 0
        for place in order[full...] { expected[place] = min(Double(most), weights[place] * factor) }
        var generator = SeededGenerator(seed: seed, stream: UInt64(group) &+ 1 << 40)
        let start = generator.uniform()
        var (total, taken) = (0.0, 0)
        var drawn: [(Int, Int)] = []
        for (place, record) in records.enumerated() {
            total += expected[place]
            let isLast = place == records.count - 1
            // The last total is the size, but for rounding.
            let upTo = isLast ? size : min(size, Int((total + start).rounded(.down)))
            let count = min(most, max(0, upTo - taken))
            if count > 0 { drawn.append((record, count)) }
            taken += count
        }
        return drawn
    }

    /// Records that weighted ones are worth: (Σ w)² / Σ w² (Kish 1965), from 1 to their number.
    ///
    /// Weights are clipped at `mostWeight` times their mean. O(n).
    public static func effectiveSize(logWeights: [Double], mostWeight: Double) -> Double {
        let weights = Resample.weights(logWeights, most: mostWeight)
        let sum = weights.reduce(0, +)
        let squares = weights.reduce(0) { $0 + $1 * $1 }
        return squares > 0 ? sum * sum / squares : 0
    }

    /// Weights of mean 1, none above `most` times the mean before clipping.
    public static func weights(_ logWeights: [Double], most: Double) -> [Double] {
        guard let largest = logWeights.max() else { return [] }
        var weights = logWeights.map { Elementary.exp($0 - largest) }
        let mean = weights.reduce(0, +) / Double(weights.count)
        weights = weights.map { min($0, most * mean) }
        let clipped = weights.reduce(0, +) / Double(weights.count)
        return weights.map { $0 / clipped }
    }

    /// Records wanted of each group for these shares.
    ///
    /// `shares` are not negative; `counts` are the records there are, each to be had `mostCopies` times. Without
    /// a size the largest for which every group that is there can be filled. Rounded so that the sum is
    /// right (largest remainder).
    public static func quotas(
        shares: [Double], counts: [Int], size: Int?, mostCopies: Int
    ) -> [Int] {
        let total = shares.reduce(0, +)
        guard total > 0 else { return shares.map { _ in 0 } }
        let reachable =
            zip(shares, counts).compactMap { share, count -> Double? in
                share > 0 && count > 0
                    ? (Double(count * mostCopies) / (share / total)).rounded(.down) : nil
            }.min() ?? 0
        let size = size ?? Int(reachable)
        let exact = shares.map { Double(size) * $0 / total }
        var quotas = exact.map { Int($0.rounded(.down)) }
        let order = exact.indices.sorted {
            (exact[$1] - Double(quotas[$1]), $0) < (exact[$0] - Double(quotas[$0]), $1)
        }
        for place in order.prefix(max(0, size - quotas.reduce(0, +))) { quotas[place] += 1 }
        return quotas
    }
}
