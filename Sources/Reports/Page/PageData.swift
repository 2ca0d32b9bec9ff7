import JSONText
import Orchestrator
import Records

/// What the page's script searches: findings with the records they speak of, as far as they fit.
struct PageData {
    /// Bytes of all findings and records together; the page stays below 5 MB with its drawings.
    private static let mostBytes = 2_600_000
    /// Findings, whatever their size.
    private static let mostFindings = 20_000
    /// Bytes of each text of a record.
    private static let fieldBytes = 480
    private static let messageBytes = 300
    /// Other rows that a finding names.
    private static let mostRelated = 5

    /// One code of an analyzer.
    struct Code {
        let analyzer: Int
        let code: String
        let name: String
        let title: String
        let severity: Severity
        /// Its place among all (`Report.Problem`).
        let rank: Int
        /// Findings of it that the page holds, the worst first.
        var findings: [Finding] = []
    }

    private(set) var codes: [Code] = []
    private let report: Report
    private let records: any RecordAccess

    init(_ report: Report, _ records: any RecordAccess) {
        self.report = report
        self.records = records
        var queues: [[Finding]] = []
        let ranks = Dictionary(
            report.problems.enumerated().map { ($0.element.code, $0.offset) },
            uniquingKeysWith: { first, _ in first })
        for (analyzer, result) in report.results.enumerated() {
            for (code, findings) in Dictionary(grouping: result.allFindings, by: \.code)
                .sorted(by: { $0.key < $1.key })
            {
                codes.append(
                    Code(
                        analyzer: analyzer, code: code,
                        name: Report.name(of: code, result.identity),
                        title: Report.title(of: code, result.identity),
                        severity: findings.max { $0.severity.rawValue < $1.severity.rawValue }?
                            .severity
                            ?? .info, rank: ranks[code] ?? 0))
                queues.append(findings.sorted(by: PageData.isWorse))
            }
        }
        // Of every code one in turn, so that a common one leaves room for the others.
        var (used, count, place) = (0, 0, 0)
        var seen: Set<Key> = []
        var isOpen = true
        while isOpen {
            isOpen = false
            for index in queues.indices where place < queues[index].count {
                let finding = queues[index][place]
                used += cost(finding, &seen)
                count += 1
                guard used <= PageData.mostBytes, count <= PageData.mostFindings else { return }
                codes[index].findings.append(finding)
                isOpen = true
            }
            place += 1
        }
    }

    private struct Key: Hashable {
        let role: Role
        let row: Int
    }

    private static func isWorse(_ left: Finding, _ right: Finding) -> Bool {
        if left.score != right.score { return left.score > right.score }
        return Finding.precedes(left, right)
    }

    private func rows(of finding: Finding) -> [Key] {
        (finding.row.map { [Key(role: finding.role, row: $0)] } ?? [])
            + finding.relatedRows.prefix(PageData.mostRelated).map { Key(role: .data, row: $0) }
    }

    /// About the bytes that a finding adds to the page.
    private func cost(_ finding: Finding, _ seen: inout Set<Key>) -> Int {
        var bytes = 60 + PageData.written(PageData.excerpt(finding.message, PageData.messageBytes))
        if let excerpt = excerpt(finding) {
            bytes += PageData.written(excerpt.before + excerpt.marked + excerpt.after)
        }
        for key in rows(of: finding) where seen.insert(key).inserted {
            bytes += 60
            for field in records.fields(key.role, key.row, limit: PageData.fieldBytes) {
                bytes += PageData.written(field.text) + field.column.utf8.count + 12
            }
        }
        return bytes
    }

    /// Bytes of a text in an island: what could end it, and control characters, take six.
    private static func written(_ text: String) -> Int {
        text.utf8.reduce(0) { sum, byte in
            switch byte {
            case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"), 0..<0x20: sum + 6
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): sum + 2
            default: sum + 1
            }
        }
    }

    // MARK: What the script reads

    /// The island of data.
    var html: String {
        var writer = JSONWriter()
        var files = Numbering()
        var messages = Numbering()
        var rows: [Key] = []
        var seen: Set<Key> = []
        var lines: [JSONValue] = []
        for (number, code) in codes.enumerated() {
            for finding in code.findings {
                for key in self.rows(of: finding) where seen.insert(key).inserted {
                    rows.append(key)
                }
                lines.append(line(number, finding, &messages))
            }
        }
        writer.beginObject()
        writer.member(
            "codes",
            .array(
                codes.map { code in
                    let identity = report.results[code.analyzer].identity
                    return [
                        "code": .string(code.code), "name": .string(code.name),
                        "title": .string(code.title),
                        "strategy": .string(identity.strategy),
                        "severity": .string(code.severity.name), "rank": JSONValue(code.rank),
                        "about": .string(identity.codeNotes[code.code]?.todo ?? ""),
                    ]
                }))
        writer.member("messages", .array(messages.values.map { .string($0) }))
        writer.member("findings", .array(lines))
        writer.key("records")
        writer.beginObject()
        for key in rows {
            let place = records.place(key.role, key.row)
            writer.member(
                "\(key.role.name)-\(key.row)",
                [
                    place.map { JSONValue(files.number($0.file)) } ?? .null,
                    place.map { JSONValue($0.line) } ?? .null,
                    .array(
                        records.fields(key.role, key.row, limit: PageData.fieldBytes)
                            .filter { $0.column != "source.file" }.map {
                                [
                                    .string($0.column), .string($0.text), JSONValue($0.byteCount),
                                ]
                            }),
                ])
        }
        writer.endObject()
        writer.member("files", .array(files.values.map { .string($0) }))
        writer.endObject()
        return PageData.island(writer.bytes, "id=\"data\"")
    }

    private func line(_ code: Int, _ finding: Finding, _ messages: inout Numbering) -> JSONValue {
        var span = JSONValue.null
        if let excerpt = excerpt(finding) {
            span = [.string(excerpt.before), .string(excerpt.marked), .string(excerpt.after)]
        }
        return [
            JSONValue(code), .string(finding.severity.name), .string(finding.role.name),
            finding.row.map { JSONValue($0) } ?? .null, .number(finding.score),
            JSONValue(messages.number(PageData.excerpt(finding.message, PageData.messageBytes))),
            .string(finding.column), span,
            finding.group == 0 ? .null : .string("\(codes[code].analyzer):\(finding.group)"),
            .array(finding.relatedRows.prefix(PageData.mostRelated).map { JSONValue($0) }),
        ]
    }

    /// The marked part of a finding's text with what stands around it.
    func excerpt(_ finding: Finding) -> Excerpt? {
        guard let row = finding.row, !finding.span.isEmpty, !finding.column.isEmpty else {
            return nil
        }
        let span = finding.span
        func text(_ bytes: Range<Int>) -> String {
            records.text(finding.role, row, column: finding.column, bytes: bytes)
        }
        let marked = text(
            span.lowerBound..<min(span.upperBound, span.lowerBound + Excerpt.mostMarked))
        guard !marked.isEmpty else { return nil }
        let start = max(0, span.lowerBound - Excerpt.around)
        let after = text(span.upperBound..<span.upperBound + Excerpt.around)
        return Excerpt(
            before: Excerpt.beginning(text(start..<span.lowerBound), isCut: start > 0),
            marked: marked, after: after + (after.utf8.count + 4 > Excerpt.around ? "…" : ""))
    }

    /// Texts by the order in which they were met.
    private struct Numbering {
        private(set) var values: [String] = []
        private var numbers: [String: Int] = [:]

        mutating func number(_ text: String) -> Int {
            if let known = numbers[text] { return known }
            numbers[text] = values.count
            values.append(text)
            return values.count - 1
        }
    }

    /// The beginning of a text: so many bytes at most, whole scalars.
    static func excerpt(_ text: String, _ limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: limit)
        while end > text.startIndex, text.utf8[end] & 0xC0 == 0x80 {
            end = text.utf8.index(before: end)
        }
        return text[..<end] + "…"
    }

    /// JSON inside a page: nothing in it can end the element or begin a comment.
    static func island(_ json: [UInt8], _ attributes: String) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(json.count + json.count / 32)
        for byte in json {
            switch byte {
            case UInt8(ascii: "<"): bytes += Array("\\u003c".utf8)
            case UInt8(ascii: ">"): bytes += Array("\\u003e".utf8)
            case UInt8(ascii: "&"): bytes += Array("\\u0026".utf8)
            default: bytes.append(byte)
            }
        }
        return "<script type=\"application/json\" \(attributes)>"
            + "\(String(decoding: bytes, as: UTF8.self))</script>"
    }
}
