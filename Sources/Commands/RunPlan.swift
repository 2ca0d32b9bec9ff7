import JSONText
import PluginHost
import Records

/// One analyzer that was chosen, with its checked configuration and the columns it reads.
struct ChosenAnalyzer {
    let entry: PluginCatalog.Entry
    let analyzer: Manifest.Analyzer
    let configuration: JSONObject
    /// The columns it reads, those that only labelled records have among them.
    let columns: [ColumnName]
    /// Columns it reads of every record.
    let unconditionalColumns: [ColumnName]
    /// Fields of the records that its settings name as such.
    let namedFields: [String]
}

/// Chooses analyzers and turns what was stated into their configurations.
enum RunPlan {
    /// The analyzers of a run, in the catalog's order: those selected, and those of plugins that were
    /// named with `--plugin`.
    ///
    /// - Throws: `PluginError` or `UsageError` for a name or a setting that nobody has.
    static func analyzers(_ settings: RunSettings) throws -> [ChosenAnalyzer] {
        let catalog = try Installation.catalog(named: settings.pluginPaths)
        let selected = try catalog.select(settings.selection)
        let chosen = try catalog.select([]).filter { pair in
            pair.entry.origin.hasPrefix("--plugin ")
                || selected.contains { $0.analyzer.id == pair.analyzer.id }
        }
        guard !chosen.isEmpty else {
            throw UsageError(
                "no plugin is installed",
                help: "build and stage them with make build, or name one with --plugin")
        }
        let names = chosen.flatMap { [$0.analyzer.strategy, $0.analyzer.id] }
        for setting in settings.allStated {
            guard let owner = setting.owner, !names.contains(owner) else { continue }
            throw UsageError(
                "\(setting.place([setting.key])): no chosen plugin is called \"\(owner)\"",
                help: Suggestion.nearest(to: owner, among: names).map { "did you mean \($0)?" }
                    ?? "chosen: " + chosen.map(\.analyzer.id).joined(separator: ", "))
        }
        return try chosen.map { entry, analyzer in
            let configuration = try configuration(analyzer, settings.allStated)
            let columns = columns(analyzer, configuration)
            return ChosenAnalyzer(
                entry: entry, analyzer: analyzer, configuration: configuration,
                columns: Set(columns + analyzer.labelColumns).sorted(),
                unconditionalColumns: columns,
                namedFields: analyzer.configColumns.filter { $0.contains("field") }.flatMap {
                    values(at: $0, in: configuration).compactMap(\.stringValue)
                })
        }
    }

    /// What an analyzer is run with when the records have labels.
    static func plain(
        _ analyzer: Manifest.Analyzer, _ stated: [StatedSetting]
    ) throws -> (columns: [ColumnName], configuration: JSONObject) {
        let configuration = try configuration(analyzer, stated)
        let all = columns(analyzer, configuration) + analyzer.labelColumns
        return (Set(all).sorted(), configuration)
    }

    /// The checked configuration of an analyzer; of settings stated twice the last counts.
    private static func configuration(
        _ analyzer: Manifest.Analyzer, _ stated: [StatedSetting]
    ) throws -> JSONObject {
        var values = JSONObject()
        var places: [String: ([String]) -> String] = [:]
        for setting in stated {
            let isOwn =
                setting.owner == analyzer.strategy || setting.owner == analyzer.id
                || setting.owner == nil
                    && analyzer.configuration.properties.contains { $0.name == setting.key }
            guard isOwn else { continue }
            values[setting.key] = setting.value
            places[setting.key] = setting.place
        }
        return try analyzer.configuration.resolve(values) { steps in
            places[steps.first ?? ""]?(steps) ?? "the defaults of \(analyzer.id)"
        }
    }

    /// The values at a pointer in which `*` is every element of a list.
    private static func values(at pointer: String, in configuration: JSONObject) -> [JSONValue] {
        pointer.split(separator: "/").reduce([.object(configuration)]) { values, step in
            values.flatMap {
                step == "*" ? $0.arrayValue ?? [] : [$0[String(step)]].compactMap { $0 }
            }
        }
    }

    /// The manifest's columns and those that the configuration names.
    private static func columns(
        _ analyzer: Manifest.Analyzer, _ configuration: JSONObject
    ) -> [ColumnName] {
        var columns = Set(analyzer.columns)
        for condition in analyzer.conditionalColumns
        where values(at: condition.pointer, in: configuration).contains(where: {
            $0 == condition.value ?? $0
        })
            == condition.isWanted
        {
            columns.formUnion(condition.columns)
        }
        for pointer in analyzer.configColumns {
            let values = values(at: pointer, in: configuration)
            for name in values.compactMap(\.stringValue) {
                columns.insert(ColumnName(rawValue: "field:\(name)"))
            }
        }
        return columns.sorted()
    }
}
