/// Makes one plan of what several analyzers propose.
///
/// In this order: repairs; quality (drops and relabels); copies, of which the best one left stays; quotas, which
/// keep the last records of a cell unless their fault is certain; balance (drops, copies and weights of a draw,
/// within the quotas). What contradicts itself is left for review. Every row's line says in
/// one sentence what became of it.
public struct PlanResolver: Sendable {
    /// What may be applied.
    public let limit: PlanLimit
    /// How bad each row is, 0 to 1, where anything speaks against it; of copies the least bad stays.
    public let badness: [Int: Double]

    /// Makes a resolver.
    public init(limit: PlanLimit, badness: [Int: Double] = [:]) {
        self.limit = limit
        self.badness = badness
    }

    /// What has been decided of a row so far.
    private struct Decision {
        var action: PlanLine.Action?
        var replacements: [PlanLine.Replacement] = []
        var number = 0.0
        var survivor: Int?
        var because: [PlanVoice] = []
        var overruled: [PlanLine.Overruled] = []
        var explanation = ""

        var isDropped: Bool { action == .drop }

        mutating func overrule(_ voices: [PlanVoice], _ why: String) {
            overruled += voices.map { PlanLine.Overruled(voice: $0, why: why) }
        }
    }

    /// The lines of the plan, by row; the order of the proposals does not matter.
    ///
    /// O(n log n).
    public func resolve(_ voices: [PlanVoice]) -> [PlanLine] {
        var byRow: [Int: [PlanVoice]] = [:]
        for voice in voices.sorted(by: PlanVoice.precedes) {
            byRow[voice.row, default: []].append(voice)
        }
        var decisions: [Int: Decision] = [:]
        for (row, own) in byRow {
            var decision = Decision()
            repair(own, &decision)
            judge(own, &decision)
            decisions[row] = decision
        }
        settleCopies(byRow, &decisions)
        var quotas = PlanQuotas(byRow)
        keep(byRow, &quotas, &decisions)
        let stand = standIns(byRow, &decisions)
        for row in byRow.keys.sorted() {
            let own = byRow[row] ?? []
            balance(
                stand.contains(row) ? own.filter { !isDrawnOut($0) } : own, &quotas,
                &decisions[row, default: Decision()])
        }
        return decisions.keys.sorted().compactMap { row in
            guard let decision = decisions[row], let action = decision.action else { return nil }
            return PlanLine(
                row: row, action: action, replacements: decision.replacements,
                number: decision.number, survivor: decision.survivor, because: decision.because,
                overruled: decision.overruled, explanation: decision.explanation)
        }
    }

    /// Repairs come first; two texts for one column are a conflict.
    private func repair(_ voices: [PlanVoice], _ decision: inout Decision) {
        let repairs = voices.filter { $0.action == .repair && limit.allows($0) }
        let columns = Set(repairs.map(\.column)).sorted()
        for column in columns {
            let own = repairs.filter { $0.column == column }
            guard Set(own.map(\.text)).count == 1 else {
                conflict(own, "two different repairs of \(column): none is made", &decision)
                continue
            }
            decision.because += own
            decision.replacements.append(
                PlanLine.Replacement(column: column, text: own[0].text))
            if decision.action == nil { decision.action = .change }
        }
        if decision.action == .change {
            decision.explanation =
                "repaired: " + decision.replacements.map(\.column).joined(separator: ", ")
        }
    }

    private func conflict(
        _ voices: [PlanVoice], _ why: String, _ decision: inout Decision
    ) {
        decision.action = .review
        decision.replacements = []
        decision.because += voices
        decision.explanation = why
    }

    /// Drops and relabels of a row's quality.
    private func judge(_ voices: [PlanVoice], _ decision: inout Decision) {
        let own = voices.filter { $0.stage == .quality }
        let drops = own.filter { $0.action == .drop && limit.allows($0) }
        let relabels = own.filter { $0.action == .relabel && limit.allows($0) }
        let reviews = own.filter { $0.action == .review }
        let isRepaired = decision.action == .change
        if let first = drops.first {
            // What is worthless for certain no repair can mend.
            let isWorthless = first.confidence >= 1
            guard isRepaired, !isWorthless else {
                decision.overrule(decision.because, "the record is left out")
                decision.action = .drop
                decision.replacements = []
                decision.because = drops
                decision.explanation = "left out for \(first.code)"
                decision.overrule(relabels, "the record is left out")
                decision.overrule(reviews, "the record is left out")
                return
            }
            decision.overrule(drops, "the record is repaired first and judged again afterwards")
        }
        if !relabels.isEmpty {
            let labels = Set(relabels.map(\.text))
            if labels.count > 1 {
                let names = labels.sorted().joined(separator: ", ")
                conflict(relabels, "labels that contradict each other: \(names)", &decision)
                return
            }
            if decision.action == .review {
                decision.overrule(relabels, "the record waits for review")
            } else {
                decision.action = .change
                decision.because += relabels
                decision.replacements.append(
                    PlanLine.Replacement(column: "label", text: relabels[0].text))
                decision.explanation =
                    (isRepaired ? decision.explanation + "; " : "")
                    + "relabelled as \(relabels[0].text)"
            }
        }
        guard !reviews.isEmpty else { return }
        if decision.action == nil {
            decision.action = .review
            decision.because = reviews
            decision.explanation = "for review: \(reviews[0].code)"
        } else if decision.action == .change {
            decision.overrule(reviews, "the record was changed; it is looked at again afterwards")
        }
    }

    /// Of every group of copies the best one that is not left out for its quality stays.
    private func settleCopies(
        _ voices: [Int: [PlanVoice]], _ decisions: inout [Int: Decision]
    ) {
        var members: [UInt64: [PlanVoice]] = [:]
        for own in voices.values {
            for voice in own where voice.stage == .copies && limit.allows(voice) {
                members[voice.group, default: []].append(voice)
            }
        }
        /// Rows that stay for others, of whichever analyzer.
        var staying: Set<Int> = []
        for group in members.keys.sorted() {
            let copies = (members[group] ?? []).sorted(by: PlanVoice.precedes)
            let leader = Int(group) - 1
            var survivor = leader
            if decisions[leader]?.isDropped == true {
                // The one that was to stay is bad: the best copy takes its place.
                let left = Set(copies.map(\.row)).filter { decisions[$0]?.isDropped != true }
                guard let best = left.min(by: { isBetter($0, $1) }) else {
                    for voice in copies {
                        decisions[voice.row]?.overrule(
                            [voice], "the record is left out already, as is row \(leader + 1)")
                    }
                    continue
                }
                survivor = best
            }
            for voice in copies {
                var decision = decisions[voice.row] ?? Decision()
                if voice.row == survivor {
                    decision.overrule(
                        [voice],
                        "row \(leader + 1), which it repeats, is left out: this one stays for it")
                    if decision.action == nil {
                        decision.action = .review
                        decision.explanation =
                            "stays in place of row \(leader + 1), which is left out"
                    }
                } else if decision.isDropped {
                    decision.overrule([voice], "the record is left out already")
                } else if staying.contains(voice.row) {
                    decision.overrule([voice], "the record stays for copies of its own")
                } else {
                    decision.overrule(decision.because, "the record is left out as a copy")
                    decision.action = .drop
                    decision.replacements = []
                    decision.because = [voice]
                    decision.survivor = survivor
                    staying.insert(survivor)
                    decision.explanation =
                        "repeats row \(survivor + 1), which stays"
                        + (survivor == leader ? "" : " in place of row \(leader + 1)")
                }
                decisions[voice.row] = decision
            }
        }
    }

    /// Rows that a quota keeps wait for review instead of being left out for their quality.
    private func keep(
        _ voices: [Int: [PlanVoice]], _ quotas: inout PlanQuotas,
        _ decisions: inout [Int: Decision]
    ) {
        var families = RowFamilies()
        for row in voices.keys.sorted() {
            for voice in voices[row] ?? [] where voice.stage == .copies && limit.allows(voice) {
                families.join(voice.row, Int(voice.group) - 1)
            }
        }
        let settled = decisions
        let kept = quotas.kept(
            isLeftOut: { settled[$0]?.isDropped == true },
            doubt: { row in
                // A copy has its row that stays.
                guard let decision = settled[row], decision.survivor == nil else { return nil }
                return decision.because.map(\.confidence).max()
            },
            relatives: { row in families.members(of: row).filter { $0 != row } })
        for (row, reason) in kept {
            var decision = decisions[row] ?? Decision()
            let heard = decision.because + decision.overruled.map(\.voice)
            decision.action = .review
            decision.because = [reason.voice] + heard.filter { $0.action == .review }
            decision.overruled = []
            decision.overrule(heard.filter { $0.action != .review }, reason.why)
            let codes = heard.filter { $0.action == .drop }.map(\.code)
            decision.explanation =
                "for review instead of left out for \(codes.first ?? ""): \(reason.why)"
            decisions[row] = decision
        }
    }

    /// Rows that a draw leaves out though it would keep a copy of them: they stay for it.
    ///
    /// Whoever proposed the copies knows of them when it draws, and names none of them: its draw stands. Of copies
    /// that go with the one that was to stay the account says so.
    private func standIns(
        _ voices: [Int: [PlanVoice]], _ decisions: inout [Int: Decision]
    ) -> Set<Int> {
        var copies: [Int: [(row: Int, analyzer: String)]] = [:]
        for (row, decision) in decisions where decision.isDropped {
            guard let survivor = decision.survivor, let voice = decision.because.first else {
                continue
            }
            copies[survivor, default: []].append((row, voice.analyzer))
        }
        func drawn(_ row: Int) -> [PlanVoice] {
            (voices[row] ?? []).filter { isDrawnOut($0) && limit.allows($0) }
        }
        var staying: Set<Int> = []
        for (row, own) in copies {
            let drops = drawn(row)
            guard !drops.isEmpty, decisions[row]?.isDropped != true else { continue }
            let isKnown = drops.contains { drop in own.contains { $0.analyzer == drop.analyzer } }
            if !isKnown, own.contains(where: { drawn($0.row).isEmpty }) {
                staying.insert(row)
                decisions[row, default: Decision()].overrule(
                    drops, "the draw keeps a copy of it, for which it stays")
            } else {
                for copy in own {
                    decisions[copy.row]?.explanation =
                        "repeats row \(row + 1); the draw leaves out both"
                }
            }
        }
        return staying
    }

    private func isDrawnOut(_ voice: PlanVoice) -> Bool {
        voice.stage == .balance && voice.action == .drop
    }

    private func isBetter(_ left: Int, _ right: Int) -> Bool {
        (badness[left] ?? 0, left) < (badness[right] ?? 0, right)
    }

    /// Drops, copies and weights that bring the whole nearer to what is wanted.
    private func balance(
        _ voices: [PlanVoice], _ quotas: inout PlanQuotas, _ decision: inout Decision
    ) {
        let own = voices.filter { $0.stage == .balance && limit.allows($0) }
        guard !own.isEmpty else { return }
        if decision.isDropped {
            decision.overrule(own, "the record is left out")
            return
        }
        var drops = own.filter { $0.action == .drop }
        let copies = own.filter { $0.action == .duplicate }
        let weights = own.filter { $0.action == .weight }
        if let row = drops.first?.row, copies.isEmpty, let why = quotas.letGo(row) {
            decision.overrule(drops, why)
            // With nothing else to say of it the row has no line: it stays as it is.
            drops = []
        }
        if !drops.isEmpty, !copies.isEmpty {
            decision.overrule(drops + copies, "one asks for more of it and one for none")
            if decision.action == nil {
                decision.action = .review
                decision.because = drops + copies
                decision.overruled = []
                decision.explanation = "one asks for more copies of it and one for none"
            }
            return
        }
        if let first = drops.first {
            decision.overrule(decision.because + weights, "the record is left out of the draw")
            decision.action = .drop
            decision.replacements = []
            decision.because = drops
            decision.explanation = "left out of the draw, \(first.code)"
            return
        }
        if decision.action == .review, !copies.isEmpty {
            decision.overrule(copies, "a record under review is not repeated")
        } else if let most = copies.map(\.number).max(), most >= 1 {
            let change = decision.action == .change ? decision.explanation + "; " : ""
            decision.action = .duplicate
            decision.number = most
            decision.because += copies
            decision.explanation = change + "repeated \(Int(most)) more times"
            decision.overrule(weights, "it is repeated instead")
            return
        }
        guard !weights.isEmpty else { return }
        if decision.action == nil {
            decision.action = .weight
            decision.number = weights.reduce(1) { $0 * $1.number }
            decision.because = weights
            decision.explanation =
                weights.count == 1 ? "weighted" : "weighted by the product of \(weights.count)"
        } else {
            decision.overrule(
                weights, "the plan keeps one action a row; weigh the next round's data")
        }
    }
}
