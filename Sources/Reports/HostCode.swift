/// A code of the host's own, for what it finds of plugins and not of records.
public struct HostCode: Sendable {
    /// The code.
    public let code: String
    /// Its name.
    public let name: String
    /// What it finds, in plain words.
    public let title: String
    private let severity: String
    private let help: [(heading: String, text: String)]

    /// What `assay explain` says of it.
    public var text: String {
        "\(code) \(name)  (usually \(severity), the host's own)\n\(title)"
            + help.map { "\n\n\($0.heading)\n  \($0.text)" }.joined()
    }

    /// All of them.
    public static let all = [
        HostCode(
            code: "HST001", name: "plugin-crash", title: "a plugin crashed", severity: "high",
            help: [
                ("What it measures", "A plugin whose process ended while it looked at the data."),
                (
                    "How it is computed",
                    "Analyzers run in processes of their own. Where one ends, the record that it ends on is found by "
                        + "halving what was being scanned, and the analyzer runs again without it: the record is "
                        + "quarantined. After three records, or more than 5 %, the analyzer has failed."
                ),
                (
                    "What to do",
                    "Look at the record that the finding names, and tell the plugin's author. Its other findings hold; "
                        + "of the record it says nothing."
                ),
            ]),
        HostCode(
            code: "HST002", name: "plugin-timeout", title: "a plugin ran out of time",
            severity: "high",
            help: [
                (
                    "What it measures",
                    "A plugin that gave no answer in the time that its manifest gives a call."
                ),
                (
                    "How it is computed",
                    "As HST001, with resources.call_seconds of the manifest (120 where it says nothing) as the limit of "
                        + "one call. A record is only blamed where it takes longer than that by itself."
                ),
                (
                    "What to do",
                    "Look at the record that the finding names. The plugin's author may raise call_seconds, or do less "
                        + "in a call."
                ),
            ]),
        HostCode(
            code: "HST003", name: "plugin-fault", title: "a plugin broke its contract",
            severity: "medium",
            help: [
                ("What it measures", "Output of a plugin that breaks its contract."),
                (
                    "How it is computed",
                    "Everything that a plugin says is checked: rows that exist, numbers that are numbers, codes that its "
                        + "manifest names, texts in UTF-8. What does not hold is left out, or mended where that is "
                        + "possible (texts, scores beyond 0 to 1), and counted here."
                ),
                ("What to do", "Tell the plugin's author; assay plugin check finds such faults."),
            ]),
    ]

    /// The host's code of this name; `nil` for a plugin's.
    static func of(_ code: String) -> HostCode? { all.first { $0.code == code } }
}
