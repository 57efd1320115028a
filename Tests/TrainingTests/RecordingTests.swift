import Testing
import Training

/// How gradients find their way.
@Suite struct RecordingTests {
    @Test("a variable used several times collects all its gradients")
    func fanOut() {
        let x = Variable<Double>(3).tracked
        let y = x * x + x * 2 + x
        #expect(y.gradients(for: [x])[0].value == 9)
    }

    @Test("nothing flows through what is detached, computed unrecorded, or not asked for")
    func cuts() {
        let x = Variable<Double>(3).tracked
        let z = Variable<Double>(5).tracked
        #expect((x.detached * x).gradients(for: [x])[0].value == 3)
        let unrecorded = withoutRecording { x * x }
        #expect((unrecorded * x).gradients(for: [x])[0].value == 9)
        #expect((x * 2).gradients(for: [z])[0].value == 0)
        #expect((x * z).gradients(for: [z]).map(\.value) == [3])
    }

    @Test("a graph that is kept gives its gradients again")
    func kept() {
        let x = Variable<Double>([2], [1, 2]).tracked
        let y = (x * x).sum()
        #expect(y.gradients(for: [x], keepsGraph: true)[0].values == [2, 4])
        #expect(y.gradients(for: [x])[0].values == [2, 4])
    }

    @Test("the third derivative of a fourth power")
    func thirdDerivative() {
        let x = Variable<Double>(2).tracked
        let result = Recording.$current.withValue(.twice) {
            let y = square(square(x))
            let first = y.gradients(for: [x], recording: .twice)[0]
            let second = first.gradients(for: [x], recording: .twice)[0]
            return second.gradients(for: [x])[0]
        }
        #expect(result.value == 48)
    }
}
