import JSONText
import Orchestrator
import PluginHost
import Reports

/// A gate: `metric op number`, joined by `&&` or `||`; it fails the run when it holds.
struct Gate {
    private let text: String
    private let alternatives: [[(name: String, compare: String, bound: Double)]]

    init(parsing text: String) throws {
        self.text = text
        alternatives = try Gate.split(text, by: "||").map { part in
            try Gate.split(part, by: "&&").map { term in
                for compare in [">=", "<=", ">", "<", "=="] {
                    let halves = Gate.split(term, by: compare)
                    guard halves.count == 2, let bound = Double(halves[1]), !halves[0].isEmpty
                    else { continue }
                    return (halves[0], compare, bound)
                }
                throw UsageError(
                    "\"\(term)\": expected metric, comparison and number",
                    help: "for example --fail-on 'noise.rate > 0.05'")
            }
        }
    }

    /// The metrics that it names.
    var names: [String] { alternatives.joined().map(\.name) }

    /// How much nearer a metric came to what is asked of it, as a share of where it was; 0 for one that went
    /// the other way.
    func gain(from before: [Metric], to after: [Metric]) -> Double {
        alternatives.joined().reduce(0) { most, term in
            guard let old = before.first(where: { $0.name == term.name })?.value,
                let new = after.first(where: { $0.name == term.name })?.value
            else { return most }
            let step = term.compare.hasPrefix("<") ? old - new : new - old
            return max(most, step / max(abs(old), 1e-9))
        }
    }

    /// The metrics of a run as gates see them.
    ///
    /// A metric that is called like another strategy's (`noise.rate`) is that strategy's alone, where one of
    /// its analyzers ran: no plugin of another one stands in for it.
    static func metrics(of results: [AnalyzerResult]) -> [Metric] {
        let strategies = Set(results.map(\.identity.strategy))
        return results.flatMap { result in
            result.output.metrics.filter { metric in
                let owner = String(metric.name.prefix { $0 != "." })
                return owner == result.identity.strategy || !strategies.contains(owner)
            }
        }
    }

    /// What stands in a report for a gate that names a metric that nobody stated: it has not passed.
    var undecided: Report.Gate { Report.Gate(expression: text, value: .object([:]), passed: false) }

    /// Whether it holds; of a metric that several analyzers state, whether it does for any of them.
    ///
    /// - Throws: `UsageError` for a metric that nobody stated.
    func evaluate(_ metrics: [Metric]) throws(UsageError) -> Report.Gate {
        var values = JSONObject()
        for term in alternatives.joined() {
            let stated = metrics.filter { $0.name == term.name }
            guard let metric = stated.first(where: { Gate.holds($0.value, term) }) ?? stated.first
            else {
                throw UsageError(
                    "no metric is called \"\(term.name)\"",
                    help: Suggestion.nearest(to: term.name, among: metrics.map(\.name)).map {
                        "did you mean \($0)?"
                    } ?? "the metrics are in report.json")
            }
            values[term.name] = .number(metric.value)
        }
        let holds = alternatives.contains { terms in
            terms.allSatisfy { term in
                metrics.contains { $0.name == term.name && Gate.holds($0.value, term) }
            }
        }
        return Report.Gate(expression: text, value: .object(values), passed: !holds)
    }

    private static func holds(
        _ value: Double, _ term: (name: String, compare: String, bound: Double)
    ) -> Bool {
        switch term.compare {
        case ">=": value >= term.bound
        case "<=": value <= term.bound
        case ">": value > term.bound
        case "<": value < term.bound
        default: value == term.bound
        }
    }

    private static func split(_ text: String, by separator: String) -> [String] {
        var parts: [String] = []
        var current: [Character] = []
        var rest = Array(text)[...]
        let mark = Array(separator)
        while let first = rest.first {
            if rest.starts(with: mark) {
                parts.append(String(current))
                current = []
                rest = rest.dropFirst(mark.count)
            } else {
                current.append(first)
                rest = rest.dropFirst()
            }
        }
        parts.append(String(current))
        return parts.map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }
}
