import Foundation
import JSONText
import Support
import Testing

/// Coverage of Chinese data: categories by a field and by the file's name.
@Suite(.enabled(if: SharedData.isPresent, "../shared/data is not there"))
struct ChineseCoverageTests {
    /// A damaged dataset: what stays of every category, and what was taken out.
    private struct Damaged {
        var kept: [String: [JSONValue]] = [:]
        var taken: [String: [JSONValue]] = [:]
        /// Records a category before.
        var whole: [String: Int] = [:]

        /// Takes three categories out and thins two to one record in twenty: every fifth, by size, so
        /// that large and small ones are among them.
        init(_ records: [(category: String, record: JSONValue)]) {
            for entry in records { whole[entry.category, default: 0] += 1 }
            let order = whole.keys.filter { whole[$0, default: 0] >= 10 }.sorted {
                (whole[$1, default: 0], $0) < (whole[$0, default: 0], $1)
            }
            let chosen = (0..<5).map { order[$0 * order.count / 5] }
            for entry in records {
                let place = chosen.firstIndex(of: entry.category)
                let isFirst =
                    kept[entry.category, default: []].count * 20
                    <= taken[entry.category, default: []].count
                if let place, place % 2 == 0 || !isFirst {
                    taken[entry.category, default: []].append(entry.record)
                } else {
                    kept[entry.category, default: []].append(entry.record)
                }
            }
        }
    }

    /// Runs coverage and compares its gaps with the damage; a pool holds what was taken and distractors.
    private func check(
        _ damaged: Damaged, data: String, pool: String, isTaken: (Int) -> Bool,
        dimension: String, folder: TemporaryFolder
    ) throws {
        let categories = damaged.whole.sorted { $0.key < $1.key }.map {
            "      - {name: \(JSONValue.string($0.key).text), target: \($0.value)}"
        }
        let taxonomy = try folder.write(
            "taxonomy.yaml",
            "taxonomy: 1\ndimensions:\n  - name: kind\n    \(dimension)\n    categories:\n"
                + categories.joined(separator: "\n") + "\n")
        let run = try GapRun(data: data, pool: pool, taxonomy: taxonomy, folder: folder)
        let gaps = run.gaps
        #expect(
            Set(gaps.compactMap { $0["category"]?.stringValue }) == Set(damaged.taken.keys))
        #expect(gaps.count == 5)
        for gap in gaps {
            let name = gap["category"]?.stringValue ?? ""
            let kept = damaged.kept[name, default: []].count
            #expect(gap["have"]?.intValue == kept, "\(name)")
            #expect(gap["deficit"]?.intValue == damaged.whole[name, default: 0] - kept, "\(name)")
        }
        #expect(run.priorities == run.priorities.sorted(by: >) && run.priorities.count == 5)
        let (taken, right) = (run.taken, run.taken.filter(isTaken))
        #expect(!taken.isEmpty && Double(right.count) >= 0.95 * Double(taken.count))
        print("\(dimension): gaps \(gaps.map(\.text)), taken \(taken.count), right \(right.count)")
    }

    @Test("finds the planted gaps of belle by its class and fills them from a pool")
    func byField() throws {
        let folder = try TemporaryFolder()
        let lines = try String(
            contentsOf: SharedData.file("belle/eval/eval_set.json"), encoding: .utf8)
        let records = try lines.split(separator: "\n").map { line in
            let record = try JSONValue(parsing: String(line))
            return (category: record["class"]?.stringValue ?? "", record: record)
        }
        let damaged = Damaged(records)
        let data = damaged.kept.sorted { $0.key < $1.key }.flatMap(\.value)
        let taken = damaged.taken.sorted { $0.key < $1.key }.flatMap(\.value)
        let dataPath = try folder.write(
            "data.jsonl", data.map(\.text).joined(separator: "\n") + "\n")
        let poolPath = try folder.write(
            "pool.jsonl", (taken + data).map(\.text).joined(separator: "\n") + "\n")
        try check(
            damaged, data: dataPath, pool: poolPath,
            isTaken: { $0 < taken.count },
            dimension: "field: class", folder: folder)
    }

    @Test("finds the planted gaps of hand-made sets by the file's name and fills them from a pool")
    func byFile() throws {
        let folder = try TemporaryFolder()
        let topics = SharedData.file("zh_sft_handwritten/topics")
        var records: [(category: String, record: JSONValue)] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: topics.path).sorted() {
            let content = try Data(contentsOf: topics.appendingPathComponent(name))
            let category = String(name.dropLast(".json".count))
            for record in try JSONValue(parsing: Array(content)).arrayValue ?? [] {
                records.append((category: category, record: record))
            }
        }
        let damaged = Damaged(records)
        func write(_ name: String, _ categories: [String: [JSONValue]]) throws {
            try FileManager.default.createDirectory(
                at: folder.url.appendingPathComponent(name), withIntermediateDirectories: true)
            for (category, records) in categories where !records.isEmpty {
                _ = try folder.write("\(name)/\(category).json", JSONValue.array(records).text)
            }
        }
        try write("data", damaged.kept)
        // Of every other category the pool has as many as there are.
        let pool = damaged.kept.merging(damaged.taken) { _, taken in taken }
        try write("pool", pool)
        let order = pool.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let owners = order.flatMap { name in pool[name, default: []].map { _ in name } }
        try check(
            damaged, data: folder.path("data"), pool: folder.path("pool"),
            isTaken: { damaged.taken[owners[$0]] != nil }, dimension: "by: file", folder: folder)
    }
}
