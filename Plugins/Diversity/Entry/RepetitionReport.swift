import AssayKit
import DiversityAlgorithm
import JSONText
import Numerics

/// Says what is repeated.
struct RepetitionReport {
    let settings: Settings
    let look: DiversityLook
    let partial: DiversityPartial
    let removals: Removals
    let host: HostServices

    private static let mostShown = 20
    private static let mostBeside = 12
    /// Confidence of what is told by words alone.
    private static let mostConfidence = 0.99
    private static let mostReviewed = 1000

    func report(to draft: inout ReportDraft, _ sink: Sink) throws {
        try copies(to: sink)
        try beginnings(to: sink)
        let n = look.rowCount
        draft.state(
            share(
                "exact_duplicate_rate", removals.exactCount, n,
                "records that repeat another one, white space aside"))
        draft.state(
            share(
                "near_duplicate_rate", removals.nearCount, n,
                "records that nearly repeat one that stays, copies of copies aside"))
        draft.state(
            share(
                "repeated_prompt_rate", look.repeatedPrompts, look.promptCount,
                "prompts that an earlier record has too"))
        draft.state(
            share(
                "repeated_response_rate", look.repeatedResponses, look.responseCount,
                "responses that an earlier record has too"))
        let places = sampledPlaces
        let prompts = AlikeParts(
            partial.shingles, places: places, part: .prompt, threshold: settings.familyThreshold,
            seed: partial.seed, work: host)
        let meaning = semantic(to: &draft)
        table(alikeParts(prompts, places), meaning, to: &draft)
        largestGroups(to: &draft)
        besideEachOther(to: &draft)
        families(prompts, places, to: &draft)
        leaks(to: &draft)
    }

    private func share(_ name: String, _ count: Int, _ n: Int, _ help: String) -> Metric {
        let bounds = Quantiles.wilsonInterval(count: count, of: max(1, n))
        return Metric(
            "diversity.\(name)", Double(count) / Double(max(1, n)), unit: "share", n: n,
            direction: .lowerIsBetter, interval: n > 0 ? bounds.low...bounds.high : nil, help: help)
    }

    private func copies(to sink: Sink) throws {
        for copy in removals.copies {
            let code = copy.isExact ? "DIV001" : "DIV002"
            let similarity = NumberText.short(copy.similarity)
            var finding = Finding(
                code: code, row: copy.row,
                message: copy.isExact
                    ? "repeats row \(copy.survivor + 1)"
                    : "nearly repeats row \(copy.survivor + 1), similarity \(similarity)")
            finding.group = UInt64(copy.survivor) + 1
            finding.score = copy.similarity
            finding.evidence = .object([
                "surviving_row_index": JSONValue(copy.survivor),
                "similarity": .number(copy.similarity),
            ])
            try sink.report(finding)
            var proposal = Proposal(.drop, row: copy.row, code: code)
            proposal.group = UInt64(copy.survivor) + 1
            // Words that are all the same are no certainty: marks and capitals may differ.
            proposal.confidence =
                copy.isExact ? 1 : min(copy.similarity, RepetitionReport.mostConfidence)
            try sink.propose(proposal)
        }
    }

    private func beginnings(to sink: Sink) throws {
        // What goes for another reason stands for nothing.
        for beginning in look.beginnings
        where !removals.rows.contains(UInt32(beginning.row))
            && !removals.rows.contains(UInt32(beginning.longer))
        {
            var finding = Finding(
                code: "DIV007", row: beginning.row,
                message: "is the beginning of row \(beginning.longer + 1), which goes on for "
                    + "\(beginning.turns) turn\(beginning.turns == 1 ? "" : "s")")
            finding.group = UInt64(beginning.longer) + 1
            finding.score = RepetitionReport.beginningScore
            finding.evidence = .object(["longer_row_index": JSONValue(beginning.longer)])
            try sink.report(finding)
            var proposal = Proposal(.drop, row: beginning.row, code: "DIV007")
            proposal.group = finding.group
            // Where only last turns are learnt, beginnings are records of their own.
            proposal.confidence = RepetitionReport.beginningScore
            try sink.propose(proposal)
        }
    }

    private static let beginningScore = 0.9

    private func largestGroups(to draft: inout ReportDraft) {
        var groups: [Int: (exact: Int, near: Int, least: Double)] = [:]
        for copy in removals.copies {
            var group = groups[copy.survivor] ?? (0, 0, 1)
            if copy.isExact { group.exact += 1 } else { group.near += 1 }
            group.least = min(group.least, copy.similarity)
            groups[copy.survivor] = group
        }
        guard !groups.isEmpty else { return }
        let largest = groups.sorted {
            ($1.value.exact + $1.value.near, $0.key) < ($0.value.exact + $0.value.near, $1.key)
        }
        draft.show(
            "table", "Largest groups of copies",
            .object([
                "columns": [
                    "row that stays", "exact copies", "near copies", "least similarity", "text",
                ],
                "rows": .array(
                    largest.prefix(RepetitionReport.mostShown).map { row, group in
                        .array([
                            JSONValue(row + 1), JSONValue(group.exact), JSONValue(group.near),
                            .string(NumberText.short(group.least)),
                            .string(excerpt(of: UInt32(row))),
                        ])
                    }),
            ]))
    }

    /// Records that are nearly the same, to be read side by side; exact copies have nothing to compare.
    private func besideEachOther(to draft: inout ReportDraft) {
        var groups: [Int: [Int]] = [:]
        for copy in removals.copies where !copy.isExact {
            groups[copy.survivor, default: []].append(copy.row)
        }
        guard !groups.isEmpty else { return }
        let largest = groups.sorted { ($1.value.count, $0.key) < ($0.value.count, $1.key) }
        draft.show(
            "groups", "Near copies side by side",
            .object([
                "groups": .array(
                    largest.prefix(RepetitionReport.mostBeside).map { row, copies in
                        .object([
                            "note": .string(
                                copies.count == 1
                                    ? "row \(row + 1) and a near copy"
                                    : "row \(row + 1) and \(copies.count) near copies"),
                            "rows": .array(([row] + copies.sorted()).map { JSONValue($0) }),
                        ])
                    })
            ]))
    }

    private func excerpt(of row: UInt32) -> String {
        partial.excerpts[Removals.place(of: row, in: partial.rows)]
    }

    /// Places, in what the second pass kept, of the sampled rows that stay, ascending.
    private var sampledPlaces: [Int] {
        look.sampled.filter { !removals.rows.contains($0) }
            .map { Removals.place(of: $0, in: partial.rows) }.filter { $0 >= 0 }.sorted()
    }

    /// How many of n records have a prompt, or response, like an earlier one's.
    private struct Levels {
        var n = 0
        var prompts = 0
        var responses = 0
    }

    private func alikeParts(_ prompts: AlikeParts, _ places: [Int]) -> Levels {
        let responses = AlikeParts(
            partial.shingles, places: places, part: .response, threshold: settings.threshold,
            seed: partial.seed, work: host)
        func count(_ parts: AlikeParts, _ part: RecordShingles.Part) -> Int {
            places.indices.count {
                parts.leaders[$0] != $0 && parts.similarity[$0] >= settings.threshold - 1e-9
                    && !partial.shingles.set(places[$0], part).isEmpty
            }
        }
        return Levels(
            n: places.count, prompts: count(prompts, .prompt),
            responses: count(responses, .response))
    }

    private func families(_ prompts: AlikeParts, _ places: [Int], to draft: inout ReportDraft) {
        let families = prompts.groups(ofAtLeast: settings.familySize)
            .filter { !partial.shingles.set(places[$0[0]], .prompt).isEmpty }
        draft.state(
            share(
                "template_rate", families.reduce(0) { $0 + $1.count }, places.count,
                "records, copies aside, whose prompt is of a template with at least "
                    + "\(settings.familySize) of them in the sample"))
        guard !families.isEmpty else { return }
        for family in families.prefix(100) {
            let row = Int(partial.rows[places[family[0]]])
            var finding = Finding(
                code: "DIV004", row: row,
                message:
                    "\(family.count) of \(places.count) sampled records have a prompt like this one"
            )
            finding.severity = .low
            finding.group = UInt64(row) + 1
            finding.score = Double(family.count) / Double(places.count)
            finding.evidence = .object([
                "records": JSONValue(family.count), "sampled": JSONValue(places.count),
                "other_row_indices": .array(
                    family.dropFirst().prefix(10).map {
                        JSONValue(Int(partial.rows[places[$0]]))
                    }),
            ])
            draft.report(finding)
        }
        draft.show(
            "table", "Largest templates",
            .object([
                "columns": ["first row", "records", "mean similarity", "text"],
                "rows": .array(
                    families.prefix(RepetitionReport.mostShown).map { family in
                        let sum = family.dropFirst().reduce(0) { $0 + prompts.similarity[$1] }
                        return .array([
                            JSONValue(Int(partial.rows[places[family[0]]]) + 1),
                            JSONValue(family.count),
                            .string(NumberText.short(sum / Double(max(1, family.count - 1)))),
                            .string(partial.excerpts[places[family[0]]]),
                        ])
                    }),
            ]))
    }

    private func semantic(to draft: inout ReportDraft) -> (levels: Levels, both: Int) {
        let staying = partial.vectorRows.indices.filter {
            !removals.rows.contains(partial.vectorRows[$0])
        }
        let prompts = NearMeanings(
            partial.promptVectors, staying, threshold: settings.semanticThreshold,
            seed: partial.seed, work: host)
        let responses = NearMeanings(
            partial.responseVectors, staying, threshold: settings.semanticThreshold,
            seed: partial.seed, work: host)
        var levels = Levels(n: staying.count)
        levels.prompts = prompts.repeatedCount
        levels.responses = responses.repeatedCount
        // Both: neighbours by either part that are near by the other too, or lack it. Of a record the nearest.
        var nearest: [Int: (first: Int, likeness: Double)] = [:]
        for pair in prompts.pairs + responses.pairs {
            let likeness = min(
                prompts.likeness(pair.first, pair.second),
                responses.likeness(pair.first, pair.second))
            guard likeness >= settings.semanticThreshold,
                likeness > nearest[pair.second]?.likeness ?? 0
            else { continue }
            nearest[pair.second] = (pair.first, likeness)
        }
        var pairs = nearest.map { second, entry in
            (
                first: Int(partial.vectorRows[entry.first]),
                second: Int(partial.vectorRows[second]), likeness: entry.likeness
            )
        }
        let both = Set(pairs.map(\.second)).count
        draft.state(
            share(
                "semantic_duplicate_rate", both, staying.count,
                "records, copies aside, whose prompt and response both mean nearly what an earlier "
                    + "one's do (cosine of embeddings less what all have in common); for review, not "
                    + "removed"))
        pairs.sort { ($1.likeness, $0.second, $0.first) < ($0.likeness, $1.second, $1.first) }
        for pair in pairs.prefix(RepetitionReport.mostReviewed) {
            var finding = Finding(
                code: "DIV003", row: pair.second,
                message: "means nearly what row \(pair.first + 1) does, likeness "
                    + NumberText.short(pair.likeness))
            finding.severity = .low
            finding.score = min(1, pair.likeness)
            finding.evidence = .object([
                "other_row_index": JSONValue(pair.first), "cosine": .number(pair.likeness),
            ])
            draft.report(finding)
        }
        return (levels, both)
    }

    private func table(
        _ near: Levels, _ meaning: (levels: Levels, both: Int), to draft: inout ReportDraft
    ) {
        func text(_ count: Int, _ n: Int) -> JSONValue {
            .string(n == 0 ? "none" : NumberText.percent(Double(count) / Double(n)))
        }
        let n = look.rowCount
        draft.show(
            "table", "Repetition",
            .object([
                "columns": [
                    "", "exactly", .string("nearly (of \(near.n))"),
                    .string("in meaning (of \(meaning.levels.n))"),
                ],
                "rows": .array([
                    .array([
                        "prompt", text(look.repeatedPrompts, look.promptCount),
                        text(near.prompts, near.n),
                        text(meaning.levels.prompts, meaning.levels.n),
                    ]),
                    .array([
                        "response", text(look.repeatedResponses, look.responseCount),
                        text(near.responses, near.n),
                        text(meaning.levels.responses, meaning.levels.n),
                    ]),
                    .array([
                        "record", text(removals.exactCount, n),
                        .string(
                            "\(NumberText.percent(Double(removals.nearCount) / Double(max(1, n)))) of all"
                        ),
                        text(meaning.both, meaning.levels.n),
                    ]),
                ]),
            ]))
    }

    private func leaks(to draft: inout ReportDraft) {
        guard look.eval != nil else { return }
        draft.state(
            share(
                "leak_rate", Set(partial.leaks.map(\.row)).count, look.rowCount,
                "records of the data that have the same or nearly the same prompt as an evaluation record"
            ))
        for leak in partial.leaks {
            let evalRow = Int(look.evalRows[Int(leak.evalIndex)])
            let similarity = Double(leak.similarity)
            var finding = Finding(
                code: "DIV005", row: Int(leak.row),
                message: "is nearly record \(evalRow + 1) of the evaluation set, similarity "
                    + NumberText.short(similarity))
            finding.severity = .high
            finding.score = similarity
            finding.evidence = .object([
                "eval_row_index": JSONValue(evalRow), "similarity": .number(similarity),
            ])
            draft.report(finding)
            var proposal = Proposal(.drop, row: Int(leak.row), code: "DIV005")
            proposal.confidence = min(similarity, RepetitionReport.mostConfidence)
            draft.propose(proposal)
        }
    }
}

/// Which of some vectors have a near one before them.
private struct NearMeanings {
    struct Pair: Sendable {
        let first: Int
        let second: Int
        let likeness: Double
    }

    /// Places of vectors that are near, the first the smaller.
    let pairs: [Pair]
    /// Vectors with a near one before them.
    let repeatedCount: Int
    private let vectors: VectorSet

    private static let neighbourCount = 8

    init(
        _ vectors: VectorSet, _ places: [Int], threshold: Double, seed: UInt64,
        work: some WorkSharing
    ) {
        let vectors = vectors.withoutCommonParts(seed: seed)
        self.vectors = vectors
        var set = VectorSet(dimensions: vectors.dimensions)
        let known = places.filter { vectors.dot($0, vectors, $0) > 0.5 }
        for place in known { set.append(place, of: vectors) }
        guard known.count > 1 else {
            pairs = []
            repeatedCount = 0
            return
        }
        let index = VectorIndex(set, seed: seed, work: work)
        let lists = index.neighbours(count: NearMeanings.neighbourCount, work: work)
        var pairs: [UInt64: Pair] = [:]
        for (node, list) in lists.enumerated() {
            for other in list where Double(other.likeness) >= threshold {
                let (first, second) = (min(node, Int(other.index)), max(node, Int(other.index)))
                pairs[UInt64(first) << 32 | UInt64(second)] = Pair(
                    first: known[first], second: known[second], likeness: Double(other.likeness))
            }
        }
        self.pairs = pairs.sorted { $0.key < $1.key }.map(\.value)
        repeatedCount = Set(self.pairs.map(\.second)).count
    }

    /// Cosine of two vectors less what all have in common; 1 where there is neither.
    func likeness(_ first: Int, _ second: Int) -> Double {
        guard has(first) || has(second) else { return 1 }
        return Double(vectors.dot(first, vectors, second))
    }

    private func has(_ place: Int) -> Bool { vectors.dot(place, vectors, place) > 0.5 }
}
