import Foundation
import JSONText
import Support
import Testing

/// The same input, configuration and seed give the same bytes.
@Suite struct DeterminismTests {
    private static let files = [
        "report.json", "findings.jsonl", "rows.jsonl", "rejected.jsonl", "proposals.jsonl",
        "queue.jsonl",
    ]

    private static let variants: [[String]] = [
        ["--threads", "2"], ["--batch-rows", "7"], ["--isolation", "none"], ["--reload-partials"],
        ["--memory", "0"],
        ["--batch-rows", "7", "--reload-partials", "--threads", "2"],
        ["--batch-rows", "100", "--isolation", "none", "--threads", "3"],
    ]

    private func contents(_ arguments: [String]) throws -> [String] {
        let folder = try TemporaryFolder()
        let result = try Program.assay(arguments + ["--out", folder.root])
        #expect(result.status == 0, "\(arguments): \(result.errors)")
        let reader = ReportReader(folder.root)
        return try DeterminismTests.files.map {
            $0 == "report.json" ? try reader.timelessReport() : try reader.text($0)
        }
    }

    private func expectSame(_ arguments: [String], variants: [[String]]) throws {
        let base = try contents(arguments + ["--threads", "1"])
        for options in variants {
            for (name, (left, right)) in zip(
                DeterminismTests.files, zip(base, try contents(arguments + options)))
            {
                #expect(left == right, "\(name) with \(options)")
            }
        }
    }

    @Test("threads, batches, isolation and reloaded partials leave no trace on the example")
    func example() throws {
        try expectSame(ExampleTests.arguments, variants: DeterminismTests.variants)
    }

    @Test(
        "nor on real data with labels, conversations and instructions",
        .enabled(if: SharedData.isPresent, "../shared/data is not there"),
        arguments: [
            ["banking77/train.csv", "banking77/test.csv"],
            ["gpteacher/Codegen/codegen-instruct.json", "self_instruct/data/seed_tasks.jsonl"],
            ["llama_factory_data/glaive_toolcall_en_demo.json", "gsm8k/test.jsonl"],
        ])
    func realData(_ files: [String]) throws {
        let paths = files.map { SharedData.file($0).path }
        try expectSame(
            ["run", paths[0], "--reference", paths[1], "--eval", paths[1]],
            variants: DeterminismTests.variants)
    }

    @Test(
        "nor does a resample with copies, quotas, fields and weights",
        .enabled(if: SharedData.isPresent, "../shared/data is not there"))
    func resample() throws {
        let (data, other) = (
            SharedData.file("banking77/test.csv").path, SharedData.file("banking77/train.csv").path
        )
        for settings in [
            [
                "size=900", "max_copies=3", "weights=true", "fields=[\"category\"]",
                "sample_size=700",
            ],
            [
                "quotas=reference", "max_copies=2", "permutations=39", "significance=0.05",
                "split_field=category",
            ],
        ] {
            try expectSame(
                ["run", data, "--reference", other, "--plugins", "distribution"]
                    + settings.flatMap { ["--set", "distribution.\($0)"] },
                variants: DeterminismTests.variants)
        }
    }

    @Test(
        "nor do balancing, subsets and copies of templated data",
        .enabled(if: SharedData.isPresent, "../shared/data is not there"))
    func diversity() throws {
        let (data, other) = (
            SharedData.file("gpteacher/Toolformer/toolformer-similarity-0.8-dataset.json").path,
            SharedData.file("gpteacher/Codegen/codegen-instruct.json").path
        )
        for settings in [
            ["subset_size=500", "balance=length", "sample_size=400", "near_threshold=0.6"],
            [
                "subset_size=50", "subset_method=k-center", "balance=opener", "balance_by=copies",
                "repetition_sample=700", "semantic_sample=300",
            ],
        ] {
            try expectSame(
                ["run", data, "--reference", other, "--trusted", other, "--plugins", "diversity"]
                    + settings.flatMap { ["--set", "diversity.\($0)"] },
                variants: DeterminismTests.variants)
        }
    }

    @Test(
        "nor do categories by examples, crosses, a pool and a reference",
        .enabled(if: SharedData.isPresent, "../shared/data is not there"))
    func coverage() throws {
        let folder = try TemporaryFolder()
        let taxonomy = try folder.write(
            "taxonomy.yaml",
            """
            taxonomy: 1
            dimensions:
              - name: matter
                target: 4000
                categories:
                  - {name: card, examples: ["my card was stolen", "when does my card arrive"]}
                  - {name: transfer, examples: ["my transfer failed", "how long does a transfer take"]}
                  - {name: rate, examples: ["what is the exchange rate", "is the rate good"]}
              - {name: intent, field: category}
              - {name: language, by: language}
              - {name: length, by: length}
            crosses:
              - {dimensions: [matter, length], target: 200}
            """)
        let (data, other) = (
            SharedData.file("banking77/train.csv").path, SharedData.file("banking77/test.csv").path
        )
        try expectSame(
            [
                "run", data, "--reference", other, "--pool", other, "--taxonomy", taxonomy,
                "--plugins", "coverage",
            ], variants: DeterminismTests.variants)
    }

    @Test("another seed gives another report")
    func seed() throws {
        let base = try contents(ExampleTests.arguments)
        #expect(try contents(ExampleTests.arguments + ["--seed", "7"])[0] != base[0])
    }
}
