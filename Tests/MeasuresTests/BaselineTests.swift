import Measures
import Testing

@Suite struct BaselineTests {
    private func picture(_ values: [Double]...) -> [Plane] {
        values.map { Plane(width: $0.count, height: 1, values: $0) }
    }

    @Test("the mean picture is the mean of each pixel of each channel")
    func mean() {
        let pictures = [
            picture([0, 10], [1, 1]), picture([4, 20], [2, 1]), picture([2, 0], [3, 1]),
        ]
        #expect(meanPicture(pictures) == picture([2, 10], [2, 1]))
        #expect(meanPicture([pictures[1]]) == pictures[1])
    }

    @Test("the nearest picture is that with the least square difference")
    func nearestPicture() throws {
        let others = [picture([0, 0]), picture([10, 11]), picture([14, 14])]
        let found = try #require(nearest(to: picture([10, 13]), among: others))
        #expect(found.index == 1)
        #expect(found.peakSignalToNoise == peakSignalToNoise(picture([10, 13]), others[1]))
        #expect(nearest(to: picture([1]), among: []) == nil)
    }

    @Test("errors in holes are pooled by the size of the hole")
    func sizes() {
        var errors = HoleErrors()
        let (truth, wrong) = (
            Plane(width: 10, height: 1, values: [Double](repeating: 0, count: 10)),
            Plane(width: 10, height: 1, values: [Double](repeating: 0.1, count: 10))
        )
        for count in [1, 3, 10] {
            let hole = Hole(width: 10, height: 1, isInside: (0..<10).map { $0 < count })
            errors.add([wrong], [truth], inside: hole)
        }
        #expect(errors.all.count == 14)
        #expect(errors.bySize.map(\.count) == [1, 0, 3, 0, 10])
        #expect(abs(errors.bySize[4].peakSignalToNoise(peak: 1) - 20) < 1e-9)
    }
}
