internal import Parameters

/// Every recipe, by name.
package let recipes: [any Recipe.Type] = [
    AnyStyle.self, Colorization.self, CycleGAN.self, Inpainting.self, Pix2Pix.self,
    StyleTransfer.self, SuperResolution.self,
]

/// The recipe of a name.
package func recipe(named name: String) throws(RecipeError) -> any Recipe.Type {
    guard let found = recipes.first(where: { $0.name == name }) else {
        throw .unknownRecipe(name, suggestion: nearest(name, among: recipes.map { $0.name }))
    }
    return found
}
