import Chains
import Foundation
import Testing

@Suite struct ChainTests {
    private func shape(_ chain: Chain) -> [String] {
        chain.steps.map { step in
            ([step.operation.text] + step.settings.map { "\($0.key.text)=\($0.value.text)" }
                + (step.name.map { ["as \($0.text)"] } ?? [])
                + (step.origin.map { ["from \($0.text)"] } ?? []))
                .joined(separator: " ")
        }
    }

    @Test("words, a file and JSON give the same chain")
    func forms() throws {
        let words = try Chain(words: [
            "inpaint", "mask=my scratches.png", "as=clean", "+", "colorize", "+", "sharpen",
            "sigma=1.5",
            "from=@clean",
        ])
        let file = try Chain(
            text: """
                # restore an old scan
                inpaint mask="my ${what}.png" as=clean

                colorize +   # two steps on a line
                sharpen sigma=1.5 from=@clean
                """,
            file: "edit.chain",
            variables: ["what": "scratches"]
        )
        let json = try Chain(
            json: Data(
                #"""
                {"steps": [
                  {"operation": "inpaint", "settings": {"mask": "my scratches.png"}, "as": "clean"},
                  {"operation": "colorize"},
                  {"operation": "sharpen", "settings": {"sigma": 1.5}, "from": "@clean"}
                ]}
                """#.utf8
            ),
            file: "edit.json"
        )
        let expected = [
            "inpaint mask=my scratches.png as clean", "colorize", "sharpen sigma=1.5 from @clean",
        ]
        #expect(shape(words) == expected)
        #expect(shape(file) == expected)
        #expect(shape(json) == expected)
    }

    @Test("the canonical form reads back as the same chain")
    func canonical() throws {
        let chain = try Chain(words: ["resize", "scale=0.5", "+", "rot", "angle=d90", "as=x"])
        let data = try JSONEncoder().encode(chain)
        #expect(shape(try Chain(json: data, file: "x.json")) == shape(chain))
    }

    @Test("a value keeps its later equals signs and quotes keep their spaces")
    func values() throws {
        let chain = try Chain(text: "text text='a = b' font=\"Sans 12\"", file: "c.chain")
        #expect(shape(chain) == ["text text=a = b font=Sans 12"])
    }

    @Test(
        "what is wrong is shown where it stands",
        arguments: [
            (
                "sharpen +",
                "expected an operation on each side of +, found none\n --> c.chain:1:9\n1 | sharpen +\n  |         ^"
            ),
            (
                "a\nblur raduis",
                "expected a setting key=value, found \"raduis\"\n --> c.chain:2:6\n2 | blur raduis\n  |      ^ steps are joined by +"
            ),
            (
                "sharpen sigma=1 sigma=2",
                "sharpen has \"sigma\" twice\n --> c.chain:1:17\n1 | sharpen sigma=1 sigma=2\n  |                 ^"
            ),
            (
                "sharpen sigma=",
                "expected a value for \"sigma\", found none\n --> c.chain:1:15\n1 | sharpen sigma=\n  |               ^"
            ),
            (
                "text x=\"a b",
                "expected a closing \", found the end of the line\n --> c.chain:1:8\n1 | text x=\"a b\n  |        ^"
            ),
            (
                "sharpen sigma=${s}",
                "expected a value for ${s}, found none\n --> c.chain:1:15\n1 | sharpen sigma=${s}\n  |               ^ give one with --set s=…"
            ),
            ("# nothing", "c.chain: expected a chain of operations, found none"),
        ]
    )
    func diagnostics(text: String, message: String) {
        // A plus at the end of a line joins lines, so the first case has a second one.
        let source = text == "sharpen +" ? "sharpen + +" : text
        let error = #expect(throws: ChainError.self) { try Chain(text: source, file: "c.chain") }
        let expected =
            text == "sharpen +"
            ? "expected an operation on each side of +, found none\n --> c.chain:1:9\n1 | sharpen + +\n  |         ^"
            : message
        #expect(error?.description == expected)
    }

    @Test("on the command line the words are shown as one line")
    func commandLine() {
        let error = #expect(throws: ChainError.self) {
            try Chain(words: ["sharpen", "sigma=1", "+", "rot", "d90"])
        }
        #expect(
            error?.description == """
                expected a setting key=value, found "d90"
                 --> command line
                  | sharpen sigma=1 + rot d90
                  |                       ^ steps are joined by +
                """
        )
    }

    @Test("JSON that is no chain is named by its path")
    func jsonPath() {
        let data = Data(#"{"steps": [{"operation": "rot", "settings": {"angle": [1]}}]}"#.utf8)
        let error = #expect(throws: ChainError.self) { try Chain(json: data, file: "e.json") }
        #expect(
            error?.description
                == "expected another kind of value\n --> e.json: steps[0].settings.angle"
        )
    }
}
