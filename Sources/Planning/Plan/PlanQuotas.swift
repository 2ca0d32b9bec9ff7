/// Of which rows how many are to stay: what proposals to keep come to.
struct PlanQuotas {
    /// Confidence from which on a fault is certain, and no quota keeps the record.
    static let certain = 0.95

    private struct Key: Hashable, Comparable {
        let analyzer: String
        let group: UInt64

        static func < (left: Key, right: Key) -> Bool {
            (left.analyzer, left.group) < (right.analyzer, right.group)
        }
    }

    private struct Quota {
        let name: String
        let wanted: Int
        var voices: [PlanVoice] = []
        /// Rows of it that are not left out.
        var left = 0
    }

    private var quotas: [Key: Quota] = [:]
    private var keys: [Int: [Key]] = [:]

    /// Collects the proposals to keep.
    init(_ voices: [Int: [PlanVoice]]) {
        for row in voices.keys.sorted() {
            for voice in voices[row] ?? [] where voice.action == .keep && voice.number >= 1 {
                let key = Key(analyzer: voice.analyzer, group: voice.group)
                if keys[row]?.contains(key) == true { continue }
                let most = Double(Int32.max)
                quotas[
                    key, default: Quota(name: voice.text, wanted: Int(min(voice.number, most)))
                ].voices.append(voice)
                keys[row, default: []].append(key)
            }
        }
    }

    /// A row that stays after all.
    struct Kept {
        let voice: PlanVoice
        /// One line.
        let why: String
    }

    /// The rows that stay although something speaks against them: of every quota that would not be met the
    /// least doubtful of those that are left out for their quality.
    ///
    /// `isLeftOut` says whether a row is left out so far; `doubt` how sure it is that a row is bad, 0 to 1, `nil` for
    /// one that is not to be kept; `relatives` which rows repeat each other with a row, of which one is enough.
    ///
    /// O(n log n) in the proposals to keep.
    mutating func kept(
        isLeftOut: (Int) -> Bool, doubt: (Int) -> Double?, relatives: (Int) -> [Int]
    ) -> [Int: Kept] {
        var kept: [Int: Kept] = [:]
        func isGone(_ row: Int) -> Bool { isLeftOut(row) && kept[row] == nil }
        for key in quotas.keys.sorted() {
            guard let quota = quotas[key] else { continue }
            var left = quota.voices.count { !isGone($0.row) }
            let before = left
            if left < quota.wanted {
                let candidates = quota.voices.compactMap { voice in
                    isGone(voice.row) ? doubt(voice.row).map { (voice: voice, doubt: $0) } : nil
                }.filter { $0.doubt < PlanQuotas.certain }
                    .sorted { ($0.doubt, $0.voice.row) < ($1.doubt, $1.voice.row) }
                for (voice, _) in candidates where left < quota.wanted {
                    if relatives(voice.row).contains(where: { !isGone($0) }) { continue }
                    kept[voice.row] = Kept(
                        voice: voice,
                        why: "\(quota.name) would have \(before) of \(quota.wanted) wanted")
                    left += 1
                }
            }
        }
        // A row that one quota keeps counts for the others as well.
        quotas = quotas.mapValues { quota in
            var counted = quota
            counted.left = quota.voices.count { !isGone($0.row) }
            return counted
        }
        return kept
    }

    /// Lets a row go, unless it is one of the last that a quota wants: then says which.
    mutating func letGo(_ row: Int) -> String? {
        let own = keys[row] ?? []
        for key in own {
            if let quota = quotas[key], quota.left <= quota.wanted {
                return "\(quota.name) has \(quota.left) of \(quota.wanted) wanted"
            }
        }
        for key in own { quotas[key]?.left -= 1 }
        return nil
    }
}
