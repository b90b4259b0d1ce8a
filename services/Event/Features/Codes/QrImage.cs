using System.Globalization;
using System.Text;
using QRCoder;

namespace BloodPlatform.Drives.Features.Codes;

/// <summary>A QR code (ISO/IEC 18004, error correction M: a seventh may be dirty) as one SVG path, a unit per module, with its quiet zone of four.</summary>
internal static class QrImage
{
    public static (string Path, int Size) Of(string text)
    {
        using var data = QRCodeGenerator.GenerateQrCode(text, QRCodeGenerator.ECCLevel.M);
        var path = new StringBuilder();
        for (var y = 0; y < data.ModuleMatrix.Count; y++)
            for (var x = 0; x < data.ModuleMatrix[y].Length; x++)
                if (data.ModuleMatrix[y][x]) path.Append(CultureInfo.InvariantCulture, $"M{x} {y}h1v1h-1z");
        return (path.ToString(), data.ModuleMatrix.Count);
    }

    public static string Svg(string text)
    {
        var (path, size) = Of(text);
        return $"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges"><rect width="100%" height="100%" fill="#fff"/><path d="{path}"/></svg>""";
    }
}
