import AssayKit
import NoiseAlgorithm

/// The checks with their codes.
enum NoiseCheck: String, CaseIterable {
    case emptyResponse = "NSE001"
    case truncatedResponse = "NSE002"
    case roleOrder = "NSE003"
    case overLong = "NSE004"
    case missingText = "NSE005"
    case preferenceFault = "NSE006"
    case mojibake = "NSE020"
    case controlCharacters = "NSE021"
    case htmlResidue = "NSE022"
    case repetition = "NSE023"
    case placeholderInput = "NSE024"
    case promptEcho = "NSE025"
    case mergedInstruction = "NSE026"
    case languageMismatch = "NSE027"
    case gibberish = "NSE028"
    case refusal = "NSE029"
    case unfulfillableRequest = "NSE030"
    case personalData = "NSE031"
    case secret = "NSE032"
    case contradiction = "NSE040"
    case mismatchedResponse = "NSE041"
    case lowQuality = "NSE060"
    case contamination = "NSE070"

    var name: String {
        switch self {
        case .emptyResponse: "empty-response"
        case .truncatedResponse: "truncated-response"
        case .roleOrder: "role-order"
        case .overLong: "over-long"
        case .missingText: "missing-text"
        case .preferenceFault: "preference-fault"
        case .mojibake: "mojibake"
        case .controlCharacters: "control-characters"
        case .htmlResidue: "html-residue"
        case .repetition: "repetition"
        case .placeholderInput: "placeholder-input"
        case .promptEcho: "prompt-echo"
        case .mergedInstruction: "merged-instruction"
        case .languageMismatch: "language-mismatch"
        case .gibberish: "gibberish"
        case .refusal: "refusal"
        case .unfulfillableRequest: "unfulfillable-request"
        case .personalData: "personal-data"
        case .secret: "secret"
        case .contradiction: "contradiction"
        case .mismatchedResponse: "mismatched-response"
        case .lowQuality: "low-quality"
        case .contamination: "contamination"
        }
    }

    var scoreName: String { name.split(separator: "-").joined(separator: "_") }

    var message: String {
        switch self {
        case .emptyResponse: "the response is empty"
        case .truncatedResponse: "the response ends in the middle"
        case .roleOrder: "the turns do not alternate between user and assistant"
        case .overLong: "the record is longer than the stated context"
        case .missingText: "the record has no text"
        case .preferenceFault: "the rejected answer is the chosen one again"
        case .mojibake: "the text was decoded with the wrong character set"
        case .controlCharacters: "the text has control characters"
        case .htmlResidue: "the text has left-over HTML"
        case .repetition: "a phrase is repeated on end"
        case .placeholderInput: "the input is a placeholder"
        case .promptEcho: "the response only repeats the prompt"
        case .mergedInstruction: "the prompt is two prompts joined"
        case .languageMismatch: "the response is in another language than the prompt"
        case .gibberish: "the letters follow each other as at random"
        case .refusal: "the response is a refusal"
        case .unfulfillableRequest: "the prompt needs something that text cannot carry"
        case .personalData: "the text has personal data"
        case .secret: "the text has something that looks like a secret key"
        case .contradiction: "the same prompt has another answer"
        case .mismatchedResponse: "the response seems to belong to another prompt"
        case .lowQuality: "the record differs from the trusted ones"
        case .contamination: "the record stands in the evaluation data"
        }
    }

    var severity: Severity {
        switch self {
        case .emptyResponse, .missingText, .preferenceFault, .truncatedResponse, .repetition,
            .promptEcho, .secret,
            .contamination:
            .high
        case .mojibake, .controlCharacters, .roleOrder, .placeholderInput, .refusal, .personalData,
            .mergedInstruction, .mismatchedResponse, .languageMismatch, .gibberish:
            .medium
        default: .low
        }
    }

    /// Whether there is a text that it should be.
    var isRepairable: Bool {
        switch self {
        case .mojibake, .controlCharacters, .htmlResidue, .placeholderInput, .personalData, .secret:
            true
        default: false
        }
    }

    /// Whether it speaks of how good an answer is, which of a bad example is no fault.
    var isOfAnswer: Bool {
        switch self {
        case .emptyResponse, .truncatedResponse, .repetition, .promptEcho, .languageMismatch,
            .gibberish, .refusal, .mismatchedResponse, .lowQuality:
            true
        default: false
        }
    }

    /// What is to be done with a record of which no repair is known, and how sure that is.
    func remedy(score: Double) -> (action: Action, confidence: Double) {
        switch self {
        case .repetition, .contamination: (.drop, score)
        // What is not there may stand where nothing is read.
        case .emptyResponse where score > MissingText.doubtful: (.drop, score)
        case .preferenceFault where score > MissingText.doubtful: (.drop, 0.9)
        case .missingText where score > MissingText.doubtful: (.drop, score)
        // To say the prompt again may be what was asked for.
        case .promptEcho where score >= 1: (.drop, 0.9)
        default: (.review, score)
        }
    }
}
