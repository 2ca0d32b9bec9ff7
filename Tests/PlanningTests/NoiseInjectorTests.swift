import JSONText
import Planning
import Records
import Testing

/// Noise in the stated amount, the same for the same seed.
@Suite struct NoiseInjectorTests {
    /// Records of a prompt, a response and a label made from their numbers.
    private struct Numbered: NoiseInjector.Records {
        let count: Int
        var labelCount = 4

        func label(_ row: Int) -> String? { "label \(row % labelCount)" }

        func pieces(_ column: ColumnName, _ row: Int) -> [String] {
            switch column {
            case .prompt: ["What is the name of number \(row)?", ""]
            case .response:
                ["The name of it", "Number \(row) is called é\(row). That is all there is to say."]
            default: []
            }
        }
    }

    private func inject(
        _ kinds: [(NoiseKind, Double)], seed: UInt64 = 1, _ records: Numbered = Numbered(count: 200)
    ) throws -> [NoiseInjector.Change] {
        try NoiseInjector(kinds.map { (kind: $0.0, rate: $0.1) }, seed: seed).changes(records)
    }

    @Test(
        "each kind changes its share of the records, and a record gets one",
        arguments: [0, 1, 2] as [UInt64])
    func counts(_ seed: UInt64) throws {
        let changes = try inject(NoiseKind.allCases.map { ($0, 0.05) }, seed: seed)
        for kind in NoiseKind.allCases { #expect(changes.filter { $0.kind == kind }.count == 10) }
        #expect(Set(changes.map(\.row)).count == changes.count)
        #expect(changes.map(\.row) == changes.map(\.row).sorted())
        let records = Numbered(count: 200)
        for change in changes {
            let old =
                change.kind.column == .label
                ? records.label(change.row) ?? ""
                : records.pieces(change.kind.column, change.row)[change.piece]
            #expect(change.text != old)
        }
    }

    @Test(
        "the order in which kinds are stated and the other kinds' rates beside do not move the first kind"
    )
    func order() throws {
        let one = try inject([(.typo, 0.1), (.labelError, 0.1)])
        let other = try inject([(.labelError, 0.1), (.typo, 0.1)])
        #expect(one.map(\.row) == other.map(\.row))
        #expect(one.map(\.text) == other.map(\.text))
        let alone = try inject([(.labelError, 0.1)])
        #expect(alone.map(\.row) == one.filter { $0.kind == .labelError }.map(\.row))
    }

    @Test("another seed, other records")
    func seeds() throws {
        let rows = try (0..<4).map { try inject([(.labelError, 0.1)], seed: $0).map(\.row) }
        #expect(Set(rows).count == 4)
    }

    @Test("responses change places: none is lost and none is new")
    func ring() throws {
        let records = Numbered(count: 50)
        let changes = try inject([(.mismatchedResponse, 0.5)], records)
        let own = changes.map { records.pieces(.response, $0.row)[1] }
        #expect(changes.count == 25)
        #expect(changes.map(\.text).sorted() == own.sorted())
    }

    @Test("a confused label always becomes the same other one; a wrong one becomes each")
    func labels() throws {
        let confused = try inject([(.confusedLabel, 1)])
        var partner: [String: Set<String>] = [:]
        for change in confused {
            partner["label \(change.row % 4)", default: []].insert(change.text)
        }
        #expect(partner.count == 4 && partner.values.allSatisfy { $0.count == 1 })
        #expect(Set(partner.values.joined()).count == 4)
        let wrong = try inject([(.labelError, 1)])
        var seen: [String: Int] = [:]
        for change in wrong where change.row % 4 == 0 { seen[change.text, default: 0] += 1 }
        // 50 draws of three labels: fewer than 5 of one has a chance of 0.0003.
        #expect(seen.count == 3 && seen.values.allSatisfy { $0 >= 5 })
    }

    @Test("damage looks as it is called")
    func damage() throws {
        let records = Numbered(count: 40)
        for change in try inject([(.mojibake, 1)], records) {
            #expect(change.text.contains("Ã©"))
        }
        for change in try inject([(.truncatedResponse, 0.5)], records) {
            #expect(records.pieces(.response, change.row)[1].hasPrefix(change.text))
        }
        for change in try inject([(.repetition, 1)], records) {
            #expect(change.text.components(of: "That is all") >= 3)
        }
        for change in try inject([(.promptEcho, 1)], records) {
            #expect(change.text.hasPrefix("What is the name of number \(change.row)?"))
        }
        for change in try inject([(.mergedInstruction, 1)], records) {
            let other = change.detail["from_row"]?.intValue ?? -1
            #expect(change.text.hasSuffix("What is the name of number \(other)?"))
            #expect(other != change.row)
        }
        for change in try inject([(.wordDrop, 1)], records) {
            #expect(change.text.utf8.count < records.pieces(.prompt, change.row)[0].utf8.count)
        }
    }

    @Test("code and JSON get no slips")
    func code() throws {
        struct Code: NoiseInjector.Records {
            let count = 10
            func label(_ row: Int) -> String? { nil }
            func pieces(_ column: ColumnName, _ row: Int) -> [String] {
                ["{\"name\": \"value number \(row)\"}"]
            }
        }
        let error = #expect(throws: PlanningError.self) {
            try NoiseInjector([(kind: .typo, rate: 0.1)], seed: 0).changes(Code())
        }
        #expect(error?.description == "typo can change 0 of 10 records, 1 were asked for")
    }

    @Test("impossible wishes are refused with what was found")
    func refusals() throws {
        #expect(throws: PlanningError.self) { try inject([(.typo, 0)]) }
        #expect(throws: PlanningError.self) { try inject([(.typo, 1.5)]) }
        #expect(throws: PlanningError.self) { try inject([(.typo, .nan)]) }
        #expect(throws: PlanningError.self) { try inject([(.typo, 0.6), (.wordDrop, 0.6)]) }
        #expect(throws: PlanningError.self) { try inject([(.typo, 0.1), (.typo, 0.1)]) }
        #expect(throws: PlanningError.self) {
            try inject([(.labelError, 0.1)], Numbered(count: 20, labelCount: 1))
        }
        #expect(try inject([(.typo, 0.001)]).isEmpty)
    }
}

extension String {
    fileprivate func components(of part: String) -> Int {
        var count = 0
        var rest = self[...]
        while let found = rest.firstRange(of: part) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
