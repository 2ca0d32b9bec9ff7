public import Records

/// A kind of noise that can be put into a dataset on purpose.
///
/// The raw value is that of the finding which should name it, where there is one.
public enum NoiseKind: String, Sendable, CaseIterable {
    /// Another label, each as likely.
    case labelError = "label-error"
    /// The one label that its own is always mistaken for.
    case confusedLabel = "confused-label"
    /// The response of another record.
    case mismatchedResponse = "mismatched-response"
    /// A response that is cut off.
    case truncatedResponse = "truncated-response"
    /// A response that says the same again and again.
    case repetition
    /// UTF-8 that was read as a one-byte encoding.
    case mojibake
    /// A response of letters typed at random.
    case gibberish
    /// A response that repeats its prompt.
    case promptEcho = "prompt-echo"
    /// A prompt with that of another record behind it.
    case mergedInstruction = "merged-instruction"
    /// Slips of the keyboard in the prompt.
    case typo
    /// Words left out of the prompt.
    case wordDrop = "word-drop"

    /// The finding that names it; `nil` for what no detector is asked to find.
    public var finding: String? {
        switch self {
        case .confusedLabel: NoiseKind.labelError.rawValue
        case .typo, .wordDrop: nil
        default: rawValue
        }
    }

    /// What it does, for people.
    public var summary: String {
        switch self {
        case .labelError: "another label, each as likely"
        case .confusedLabel: "the label that its own is always mistaken for"
        case .mismatchedResponse: "responses change places"
        case .truncatedResponse: "the response is cut off"
        case .repetition: "the response, or its end, again and again"
        case .mojibake: "UTF-8 read as Windows-1252"
        case .gibberish: "letters typed at random in place of the response"
        case .promptEcho: "the response repeats the prompt"
        case .mergedInstruction: "another record's prompt behind the prompt"
        case .typo: "slips of the keyboard in the prompt"
        case .wordDrop: "a tenth of the prompt's words left out"
        }
    }

    /// The column that it changes.
    public var column: ColumnName {
        switch self {
        case .labelError, .confusedLabel: .label
        case .mismatchedResponse, .truncatedResponse, .repetition, .mojibake, .gibberish,
            .promptEcho:
            .response
        case .mergedInstruction, .typo, .wordDrop: .prompt
        }
    }
}
