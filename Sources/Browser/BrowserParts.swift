/// What every page begins its style and its script with.
public enum BrowserParts {
    /// The colours, light and dark, as CSS.
    public static var palette: [UInt8] { PackageResources.palette_css }
    /// How elements are made of text that is not to be trusted, as JavaScript.
    public static var elements: [UInt8] { PackageResources.elements_js }
}
