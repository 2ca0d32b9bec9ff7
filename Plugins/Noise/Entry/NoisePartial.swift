import AssayKit
import JSONText
import NoiseAlgorithm
import Numerics

/// Counts by check; findings go to the sink as they are met.
///
/// The first pass checks every record by itself and samples pairs of prompt and response; the second
/// judges all pairs by what was learnt from the sample.
struct NoisePartial: GroupingPartial {
    let mostTokens: Int
    let review: ReviewDecisions
    let seed: UInt64
    /// What the first pass hands over; `nil` in it.
    let look: SecondLook?
    var labelled: LabelledRows?
    var tally = SecondLook.Tally()
    var pairs: PairRows
    var trusted: PairRows
    /// Answers of conversations.
    var turns: TurnRows
    /// Texts of the evaluation data.
    var eval = EvalTexts()

    /// `labelledRows` is how many labelled records are judged at most, 0 for none.
    init(
        mostTokens: Int, labelledRows: Int, review: ReviewDecisions, seed: UInt64,
        look: SecondLook?
    ) {
        self.mostTokens = mostTokens
        self.review = review
        self.seed = seed
        self.look = look
        labelled = labelledRows > 0 ? LabelledRows(capacity: labelledRows, seed: seed) : nil
        pairs = PairRows(capacity: LearnedChecks.mostPairs, seed: seed)
        trusted = PairRows(capacity: LearnedChecks.mostPairs, seed: seed)
        turns = TurnRows(capacity: TurnRelevance.mostAnswers, seed: seed)
    }

    /// What both passes counted.
    var wholeTally: SecondLook.Tally {
        guard let first = look?.tally else { return tally }
        var whole = first
        whole.add(tally)
        return whole
    }

    /// Checks of a text alone, made of prompt and response both.
    private static let textChecks:
        [(check: NoiseCheck, find: @Sendable (Span<UInt8>, ByteInventory) -> TextFault?)] = [
            (.mojibake, { TextChecks.mojibake($0, holding: $1) }),
            (.controlCharacters, { TextChecks.controlCharacters($0, holding: $1) }),
            (.secret, { TextChecks.secret($0, holding: $1) }),
        ]

    mutating func scan(_ batch: Batch, to sink: Sink) throws {
        guard let columns = NoiseColumns(batch) else { return }
        if batch.role == .trusted, look == nil {
            for position in 0..<batch.rowCount {
                trusted.add(columns, position, row: batch.firstRow + position)
            }
        }
        if batch.role == .eval, look == nil { collectEval(columns, batch) }
        guard batch.role == .data else { return }
        if let look { return try lookAgain(columns, batch, look, to: sink) }
        tally.rowCount += batch.rowCount
        for position in 0..<batch.rowCount {
            let row = batch.firstRow + position
            var faults = RowFaults()
            checkStructure(columns, position, into: &faults)
            checkTexts(columns, position, into: &faults)
            faults.checkTurns(columns, position)
            faults.checkPreference(columns, position)
            faults.spareBadExample(columns, position)
            faults.apply(review, row: row)
            if faults.isOfWeight { tally.flaggedRows.append(row) }
            faults.repair(columns, position)
            try report(faults, row: row, to: sink)
            collectLabel(columns, position, row: row, isFlagged: faults.isOfWeight)
            try emit(columns, position, row: row, to: sink)
            if columns.hasPair(position) {
                tally.pairCount += 1
                if columns.rejected?.isPresent(position) == true { tally.rejectedCount += 1 }
                pairs.add(columns, position, row: row)
                turns.add(columns, position, row: row)
            }
        }
    }

    /// The second pass.
    private mutating func lookAgain(
        _ columns: NoiseColumns, _ batch: Batch, _ look: SecondLook, to sink: Sink
    ) throws {
        var scratch = LearnedChecks.Scratch()
        var contamination = ContaminationIndex.Scratch()
        var conversation = ConversationJudge()
        var (scores, qualities): ([Double], [Double]) = ([], [])
        func flush(before row: Int) throws {
            for (check, values) in [
                (NoiseCheck.mismatchedResponse, scores), (.lowQuality, qualities),
            ] where !values.isEmpty {
                try sink.score(
                    check.scoreName, role: .data, firstRow: row - values.count, values)
            }
            scores.removeAll(keepingCapacity: true)
            qualities.removeAll(keepingCapacity: true)
        }
        for position in 0..<batch.rowCount {
            let row = batch.firstRow + position
            let wasFlagged = look.tally.isFlagged(row)
            var faults = RowFaults()
            let verdict =
                look.turns.map { conversation.judge(columns, position, row: row, $0) }
                ?? ConversationJudge.Verdict()
            if let checks = look.checks, columns.hasPair(position) {
                let judgement = judge(columns, position, row: row, checks, &scratch)
                let decision = review.decision(row, NoiseCheck.mismatchedResponse.rawValue)
                scores.append(
                    decision.map { $0 == .reject ? 0 : 1 }
                        ?? verdict.chance(beside: judgement.mismatched))
                if let quality = judgement.lowQuality { qualities.append(quality) }
                add(
                    judgement, columns, position, hasStrangeTurns: !verdict.flagged.isEmpty,
                    to: &faults)
            } else {
                try flush(before: row)
            }
            checkEcho(columns, position, look, into: &faults)
            faults.checkMissing(columns, position, look.tally)
            faults.checkMissingRejected(columns, position, look.tally)
            faults.checkTurns(columns, position, look.checks)
            // Where a whole response is strange, the turns that are say more.
            if !faults.has(.languageMismatch) { faults.add(verdict, columns, position) }
            if let index = look.contamination {
                checkContamination(columns, position, index, &contamination, into: &faults)
            }
            if look.checks == nil {
                let cut = columns.responses.withBytes(position) { TextChecks.truncated($0) }
                faults.add(
                    .truncatedResponse, "text.response", cut, message: columns.cutMessage(position))
            }
            faults.spareBadExample(columns, position)
            faults.apply(review, row: row)
            keepAccepted(row, &faults)
            if faults.isOfWeight, !wasFlagged { tally.flaggedRows.append(row) }
            try report(
                faults, row: row, scoring: { $0 != .mismatchedResponse && $0 != .lowQuality },
                to: sink)
            collectLabel(
                columns, position, row: row, isFlagged: wasFlagged || faults.isOfWeight)
        }
        try flush(before: batch.firstRow + batch.rowCount)
    }

    private mutating func collectEval(_ columns: NoiseColumns, _ batch: Batch) {
        for position in 0..<batch.rowCount {
            let row = batch.firstRow + position
            columns.promptTokens.withTokens(position) { eval.add($0, row: row, isResponse: false) }
            columns.responseTokens.withTokens(position) { eval.add($0, row: row, isResponse: true) }
        }
    }

    private func checkContamination(
        _ columns: NoiseColumns, _ position: Int, _ index: ContaminationIndex,
        _ scratch: inout ContaminationIndex.Scratch, into faults: inout RowFaults
    ) {
        for (name, tokens) in [
            ("text.prompt", columns.promptTokens), ("text.response", columns.responseTokens),
        ] {
            let closest = tokens.withTokens(position) { tokens in
                index.closest(to: tokens, &scratch) { text, share in
                    !text.isResponse && share < ContaminationIndex.wholeShare
                        && columns.responseTokens.withTokens(position) {
                            var own = ContaminationIndex.Scratch()
                            return index.isAnsweredOtherwise(text, response: $0, &own)
                        }
                }
            }
            guard let (text, share) = closest, ContaminationIndex.isHeld(text, share: share) else {
                continue
            }
            faults.add(
                .contamination, name, TextFault(span: 0..<0, score: share),
                message: "holds \(Int((share * 100).rounded())) % of the "
                    + "\(text.isResponse ? "response" : "prompt") of record \(text.row + 1) of the "
                    + "evaluation data")
        }
    }

    private func checkEcho(
        _ columns: NoiseColumns, _ position: Int, _ look: SecondLook, into faults: inout RowFaults
    ) {
        let echo = columns.promptTokens.withTokens(position) { prompt in
            columns.responseTokens.withTokens(position) {
                PromptEcho(
                    prompt: prompt, byteCount: columns.prompts.byteCount(position), response: $0)
            }
        }
        switch echo {
        case .whole: faults.add(.promptEcho, "text.response")
        case .part:
            // An answer that stands in a passage is right; an instruction is a line of its own.
            let words = columns.responseTokens.count(position)
            guard columns.prompts.withBytes(position, { PromptEcho.endsLine($0, words: words) })
            else { return }
            faults.add(
                .promptEcho, "text.response", TextFault(span: 0..<0, score: 0.8),
                message: "the response is a line of the prompt", severity: .medium)
        case .beginning where look.checks?.echoesAreUsual != true:
            faults.add(
                .promptEcho, "text.response",
                TextFault(span: 0..<columns.prompts.byteCount(position), score: 0.9),
                message: "the response begins by repeating the prompt", severity: .medium)
        default: break
        }
    }

    private func judge(
        _ columns: NoiseColumns, _ position: Int, row: Int, _ checks: LearnedChecks,
        _ scratch: inout LearnedChecks.Scratch
    ) -> LearnedChecks.Judgement {
        columns.prompts.withBytes(position) { prompt in
            columns.responses.withBytes(position) { response in
                columns.promptTokens.withTokens(position) { promptTokens in
                    columns.responseTokens.withTokens(position) { responseTokens in
                        checks.judge(
                            row: row, prompt: prompt, promptTokens: promptTokens,
                            response: response, responseTokens: responseTokens,
                            isConversation: columns.isConversation(position), &scratch)
                    }
                }
            }
        }
    }

    /// What a review has accepted stays found, whatever the models say now.
    private func keepAccepted(_ row: Int, _ faults: inout RowFaults) {
        if review.isEmpty { return }
        let columns: [(NoiseCheck, String)] = [
            (.truncatedResponse, "text.response"), (.mergedInstruction, "text.prompt"),
            (.mismatchedResponse, "text.response"),
        ]
        for (check, column) in columns
        where review.decision(row, check.rawValue) == .accept && !faults.has(check) {
            faults.add(check, column)
        }
    }

    private func add(
        _ judgement: LearnedChecks.Judgement, _ columns: NoiseColumns, _ position: Int,
        hasStrangeTurns: Bool, to faults: inout RowFaults
    ) {
        if judgement.mismatched >= LearnedChecks.flagLimit, !hasStrangeTurns {
            faults.add(
                .mismatchedResponse, "text.response",
                TextFault(span: 0..<0, score: judgement.mismatched))
        }
        if let fault = truncation(judgement, columns, position),
            // A letter is whole where its name stands.
            !columns.responses.withBytes(position, { TextChecks.endsWithSignature($0) })
        {
            faults.add(
                .truncatedResponse, "text.response", fault, message: columns.cutMessage(position))
        }
        if let quality = judgement.lowQuality, quality >= LearnedChecks.qualityLimit {
            faults.add(.lowQuality, "text.all", TextFault(span: 0..<0, score: quality))
        }
        for (name, score) in [
            ("text.prompt", judgement.gibberish.prompt),
            ("text.response", judgement.gibberish.response),
        ] {
            faults.add(.gibberish, name, score.map { TextFault(span: 0..<0, score: $0) })
        }
        if judgement.isInOtherLanguage {
            faults.add(
                .languageMismatch, "text.response", TextFault(span: 0..<0, score: 0.95))
        }
        if judgement.merged >= LearnedChecks.flagLimit {
            let end = columns.prompts.byteCount(position)
            faults.add(
                .mergedInstruction, "text.prompt",
                TextFault(span: judgement.mergedStart..<end, score: judgement.merged))
        }
    }

    private func truncation(
        _ judgement: LearnedChecks.Judgement, _ columns: NoiseColumns, _ position: Int
    ) -> TextFault? {
        let cut = columns.responses.withBytes(position) { TextChecks.truncated($0) }
        // Of a fence at the beginning of a line there is no doubt, however few are cut off.
        if let cut, cut.score >= TextChecks.certainCut { return cut }
        guard let truncated = judgement.truncated else { return cut }
        // Two signs that agree, where too few records are cut off for one to be enough.
        if let cut, judgement.looksTruncated { return cut }
        guard truncated >= LearnedChecks.flagLimit else { return nil }
        let end = columns.responses.withBytes(position) { ByteSearch.trimmed($0).upperBound }
        return TextFault(span: max(0, end - 1)..<end, score: truncated)
    }

    private mutating func collectLabel(
        _ columns: NoiseColumns, _ position: Int, row: Int, isFlagged: Bool
    ) {
        guard labelled != nil, let labels = columns.labels, labels.byteCount(position) > 0 else {
            return
        }
        let language = columns.responses.withBytes(position) { response in
            columns.prompts.withBytes(position) { LabelLanguages.number(response, $0) }
        }
        labels.withBytes(position) { label in
            columns.tokens.withTokens(position) { words in
                NoiseColumns.withVector(columns.vectors, position) { vector in
                    NoiseColumns.withVector(columns.probabilities, position) { probabilities in
                        labelled?.add(
                            row: row, label: label, tokens: words, vector: vector,
                            probabilities: probabilities, isFlagged: isFlagged,
                            language: language)
                    }
                }
            }
        }
    }

    private func checkStructure(
        _ columns: NoiseColumns, _ position: Int, into faults: inout RowFaults
    ) {
        let responses = columns.responses
        let turnCount = columns.turns?.count(position) ?? 0
        let isAnswered = responses.isPresent(position)
        let isLabelled = !isAnswered && columns.labels?.isPresent(position) == true
        let expectsResponse = isAnswered || turnCount > 1
        if let missing = MissingText(columns, position) {
            faults.add(
                .missingText, "text.prompt", TextFault(span: 0..<0, score: missing.score),
                message: missing.message)
        } else if expectsResponse, !isLabelled,
            responses.withBytes(position, { ByteSearch.trimmed($0).isEmpty })
        {
            faults.add(.emptyResponse, "text.response")
        }
        if let turns = columns.turns, let order = TurnOrder(turns, position) {
            faults.add(.roleOrder, "turns", message: order.message, severity: order.severity)
        }
        if columns.tokens.count(position) > mostTokens { faults.add(.overLong, "text.all") }
    }

    private func checkTexts(
        _ columns: NoiseColumns, _ position: Int, into faults: inout RowFaults
    ) {
        columns.responses.withBytes(position) { text in
            faults.add(.refusal, "text.response", TextChecks.refusal(text))
        }
        // A text of its own asks for nothing.
        if columns.responses.isPresent(position) || columns.turns?.count(position) ?? 0 > 1 {
            columns.prompts.withBytes(position) { text in
                faults.add(.unfulfillableRequest, "text.prompt", TextChecks.unfulfillable(text))
            }
        }
        columns.inputs?.withBytes(position) { text in
            faults.add(.placeholderInput, "field:/input", TextChecks.placeholder(text))
        }
        if columns.hasTurns(position) { faults.checkRepetition(columns, position) }
        for (name, column) in columns.taught {
            column.withBytes(position) { text in
                let inventory = ByteInventory(text)
                let isPrompt = name == "text.prompt"
                // Of two answers the worse may be as bad as it likes, and tables repeat what they like.
                let isLearnt = isPrompt || name == "text.response"
                if isLearnt, !columns.hasTurns(position) {
                    let repeated =
                        TextChecks.repetition(text)
                        ?? (isPrompt ? columns.promptTokens : columns.responseTokens)
                        .withTokens(position) { TextChecks.repeatedPassage(text, $0) }
                    faults.add(.repetition, name, repeated)
                }
                for (check, find) in NoisePartial.textChecks {
                    faults.add(check, name, find(text, inventory))
                }
                if let found = TextChecks.personalData(text, holding: inventory) {
                    faults.add(
                        .personalData, name, TextFault(span: found.span, score: found.score),
                        message: "the text has \(found.kind.phrase)"
                            + (found.score > PersonalData.exampleScore
                                ? "" : ", by its look an example"))
                }
                let other = isPrompt ? columns.responses : columns.prompts
                let residue = other.withBytes(position) {
                    TextChecks.htmlResidue(text, holding: inventory, besides: $0)
                }
                faults.add(.htmlResidue, name, residue)
            }
        }
    }

    /// Brings records together that are given the same: system prompt, tools and prompt, with what they teach.
    ///
    /// Capitals, white space and a sentence's last sign do not count, nor does of a prompt what `PromptWording`
    /// leaves out. What is emitted says whether the prompts are the same without that.
    private func emit(
        _ columns: NoiseColumns, _ position: Int, row: Int, to sink: Sink
    ) throws {
        guard (columns.turns?.count(position) ?? 0) <= 3,
            !columns.prompts.withBytes(position, { ByteSearch.trimmed($0).isEmpty })
        else { return }
        // Of answers that are marked good or bad a prompt has several.
        if columns.isMarked(position) { return }
        let taught = columns.responses.isPresent(position) ? columns.responses : columns.labels
        guard let taught, taught.isPresent(position) else { return }
        var (given, same) = (Fingerprint(), Fingerprint())
        for column in columns.given {
            column?.withBytes(position) { text in
                given.appendCollapsed(
                    text.extracting(TextChecks.core(text)), foldingCase: true)
            }
            given.append(0)
        }
        columns.prompts.withBytes(position) { text in
            let core = text.extracting(TextChecks.core(text))
            PromptWording.append(core, to: &given)
            same.appendCollapsed(core, foldingCase: true)
        }
        var answer = Fingerprint()
        taught.withBytes(position) { text in
            answer.appendCollapsed(text.extracting(TextChecks.core(text)), foldingCase: true)
        }
        var rejected = Fingerprint()
        columns.rejected?.withBytes(position) { text in
            rejected.appendCollapsed(text.extracting(TextChecks.core(text)), foldingCase: true)
        }
        let isPair = columns.rejected?.isPresent(position) == true
        let (key, answerBytes, sameBytes, rejectedBytes) = (
            given.bytes, answer.bytes, same.bytes, rejected.bytes
        )
        let payload = InlineArray<48, UInt8> { index in
            switch index / 16 {
            case 0: answerBytes[index]
            case 1: sameBytes[index - 16]
            default: isPair ? rejectedBytes[index - 32] : 0
            }
        }
        try sink.emit(key: key.span, row: row, payload: payload.span)
    }

    private mutating func report(
        _ faults: RowFaults, row: Int, scoring isScored: (NoiseCheck) -> Bool = { _ in true },
        to sink: Sink
    ) throws {
        var worst: [NoiseCheck: Double] = [:]
        var own: [NoiseCheck: Double] = [:]
        for fault in faults.list {
            var finding = Finding(code: fault.check.rawValue, row: row, message: fault.message)
            finding.severity = fault.severity
            finding.column = fault.column
            finding.span = fault.place.span
            finding.score = fault.place.score
            if let repair = faults.repairs(for: fault.check).first(where: {
                $0.column == fault.column
            }) {
                finding.evidence = .object(["repaired": .string(repair.text)])
            }
            try sink.report(finding)
            worst[fault.check] = max(worst[fault.check] ?? 0, fault.place.score)
            own[fault.check] = max(own[fault.check] ?? 0, fault.ownScore)
        }
        if worst.isEmpty { return }
        for check in NoiseCheck.allCases {
            guard let score = worst[check] else { continue }
            tally.count(check, chance: score)
            try propose(
                check, row: row, confidence: score, ownScore: own[check] ?? score,
                faults.repairs(for: check), to: sink)
            if isScored(check) {
                try sink.score(check.scoreName, role: .data, firstRow: row, [score])
            }
        }
    }

    /// Proposes every repair there is, or what else is to be done.
    private func propose(
        _ check: NoiseCheck, row: Int, confidence: Double, ownScore: Double,
        _ repairs: [(column: String, text: String)], to sink: Sink
    ) throws {
        let remedy = check.remedy(score: ownScore)
        var proposal = Proposal(
            repairs.isEmpty ? remedy.action : .repair, row: row, code: check.rawValue)
        proposal.confidence = repairs.isEmpty ? remedy.confidence : confidence
        if repairs.isEmpty { try sink.propose(proposal) }
        for (column, text) in repairs {
            (proposal.column, proposal.text) = (column, text)
            try sink.propose(proposal)
        }
    }

    mutating func group(_ group: Group, to sink: Sink) throws {
        guard group.count > 1 else { return }
        let members = (0..<group.count).map { index in
            let payload = group.payload(index)
            return (
                row: group.row(index), answer: payload.prefix(16),
                prompt: payload.dropFirst(16).prefix(16), rejected: payload.dropFirst(32)
            )
        }
        guard members.contains(where: { $0.answer != members[0].answer }) else { return }
        let check = NoiseCheck.contradiction
        for own in members {
            // Of those with another answer one with the very same prompt says more.
            let isPair = own.rejected.contains { $0 != 0 }
            let others = members.lazy.filter {
                // Of preferred answers a prompt has several; they contradict each other the other way round.
                isPair
                    ? $0.answer.elementsEqual(own.rejected) && $0.rejected.elementsEqual(own.answer)
                    : $0.answer != own.answer
            }
            let same = others.first { $0.prompt == own.prompt }
            guard let other = same ?? others.first else { continue }
            let score = isPair ? 0.9 : same == nil ? 0.5 : 0.6
            tally.count(check, chance: score)
            var finding = Finding(
                code: check.rawValue, row: own.row,
                message: (same == nil ? "nearly the same prompt as row " : "same prompt as row ")
                    + "\(other.row + 1), with "
                    + (isPair ? "the answers the other way round" : "another answer"))
            finding.severity = isPair ? .medium : .low
            finding.group = UInt64(members[0].row) + 1
            finding.score = score
            finding.evidence = .object([
                "other_row_index": JSONValue(other.row),
                "group_size": JSONValue(group.count),
                "same_prompt": .bool(same != nil),
            ])
            try sink.report(finding)
            var proposal = Proposal(.review, row: own.row, code: check.rawValue)
            proposal.group = finding.group
            proposal.confidence = score
            try sink.propose(proposal)
        }
    }

    mutating func merge(_ other: NoisePartial) {
        tally.rowCount += other.tally.rowCount
        tally.add(other.tally)
        pairs.merge(other.pairs)
        trusted.merge(other.trusted)
        turns.merge(other.turns)
        eval.merge(other.eval)
        if let others = other.labelled { labelled?.merge(others) }
    }

    func save(to writer: inout StateWriter) {
        tally.save(to: &writer)
        pairs.save(to: &writer)
        trusted.save(to: &writer)
        turns.save(to: &writer)
        eval.save(to: &writer)
        labelled?.save(to: &writer)
    }

    /// Reads what `save` wrote.
    mutating func load(from reader: inout StateReader) throws {
        tally = try SecondLook.Tally(from: &reader)
        try pairs.load(from: &reader)
        try trusted.load(from: &reader)
        try turns.load(from: &reader)
        eval = try EvalTexts(from: &reader)
        try labelled?.load(from: &reader)
    }
}
