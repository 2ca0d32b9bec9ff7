import Numerics

/// Records that are exactly others.
public enum ExactCopies {
    /// Which records stand first among those that are the same; records without a text lead themselves.
    ///
    /// `leaders[i]` is the record of `keys` kept for `i`. O(n).
    public static func leaders(_ keys: RecordKeys) -> [Int32] {
        var leaders = (0..<keys.count).map { Int32($0) }
        let groups = BucketOrder(
            (0..<keys.count).map { index in
                UInt32(
                    truncatingIfNeeded: StableHash.mix(
                        keys.prompt(index) ^ StableHash.mix(keys.response(index)))
                        ^ UInt64(keys.context(index)))
            })
        groups.forEachRun { run in
            guard run.count > 1 else { return }
            // Almost always all are the same; a run of equal hashes is settled by the hashes themselves.
            var found: [Int] = []
            for index in run.map(Int.init) where !keys.isEmpty(index) {
                guard let place = found.firstIndex(where: { keys.isSame($0, index) }) else {
                    found.append(index)
                    continue
                }
                if keys.precedes(index, found[place]) { found[place] = index }
            }
            for index in run.map(Int.init) where !keys.isEmpty(index) {
                if let leader = found.first(where: { keys.isSame($0, index) }) {
                    leaders[index] = Int32(leader)
                }
            }
        }
        return leaders
    }

    /// How many of these hashes stand earlier in the list too; 0 stands for nothing and is left out.
    ///
    /// O(n).
    public static func repeats(_ hashes: [UInt64]) -> Int {
        var repeats = 0
        BucketOrder(hashes.map { UInt32(truncatingIfNeeded: $0 >> 32) }).forEachRun { run in
            guard run.count > 1 else { return }
            let found = run.map { hashes[Int($0)] }.filter { $0 != 0 }
            repeats += found.count - Set(found).count
        }
        return repeats
    }
}
