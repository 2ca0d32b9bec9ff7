import ArgumentParser

/// How what the data lacks is made.
struct AugmentationOptions: ParsableArguments {
    @Flag(help: "Fill gaps with variations of records that are there (words, slips, case, marks).")
    var rules = false
    @Option(name: .customLong("rules-on"), help: "What rules vary: prompt, response or both.")
    var rulesOn = "prompt"
    @Option(help: "A program that reads requests and writes records, as JSON lines.")
    var generator: String?
    @Option(help: "An OpenAI-compatible endpoint that writes records, as http://localhost:8000/v1.")
    var endpoint: String?
    @Option(help: "The endpoint's model; its key is read from ASSAY_API_KEY.") var model: String?
    @Option(
        name: .customLong("max-generated"),
        help: "Records that generators and rules may give, in all runs with one log together.")
    var maxGenerated = 1000
    @Option(name: .customLong("max-calls"), help: "Calls of generators at most.")
    var maxCalls: Int?
    @Option(name: .customLong("max-tokens"), help: "Tokens at most, as the endpoint counts them.")
    var maxTokens: Int?
    @Option(name: .customLong("calls-per-minute"), help: "Calls of the endpoint a minute at most.")
    var callsPerMinute: Double?
    @Option(
        name: .customLong("generator-seconds"),
        help: "Seconds that a call, or a program without a line, may take.")
    var generatorSeconds = 120.0
    @Option(
        help:
            "The log of what generators gave, from which a run goes on (default: OUT.generated.jsonl)."
    )
    var generated: String?
    @Option(name: .customLong("retry-seconds"), help: .hidden) var retrySeconds = 1.0

    /// Whether anything is to be made.
    var isWanted: Bool { rules || generator != nil || endpoint != nil }

    /// Refuses what contradicts itself.
    func check() throws {
        func refuse(_ text: String, _ help: String) -> UsageError { UsageError(text, help: help) }
        guard ["prompt", "response", "both"].contains(rulesOn) else {
            throw refuse(
                "--rules-on is \"\(rulesOn)\", expected prompt, response or both",
                "leave it out for prompt")
        }
        guard generator == nil || endpoint == nil else {
            throw refuse("--generator and --endpoint exclude each other", "give one of them")
        }
        guard (endpoint == nil) == (model == nil) else {
            throw refuse(
                "--endpoint and --model belong together, found one of them", "give both")
        }
        for (name, value) in [
            ("--max-generated", Double(maxGenerated)), ("--max-calls", Double(maxCalls ?? 1)),
            ("--max-tokens", Double(maxTokens ?? 1)),
            ("--calls-per-minute", callsPerMinute ?? 1),
            ("--generator-seconds", generatorSeconds), ("--retry-seconds", retrySeconds),
        ] where !(value > 0 && value <= 1e9) {
            throw refuse("\(name) is \(value), expected above 0", "leave it out for the default")
        }
    }
}
