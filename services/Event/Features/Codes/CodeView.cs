using System.Security.Cryptography;
using BloodPlatform.Chassis;
using BloodPlatform.Drives.Features.Drives;

namespace BloodPlatform.Drives.Features.Codes;

/// <summary>What a code stands for. `bookable`: the drive takes bookings now.</summary>
public sealed record CodeView(string Code, string Url, Guid DriveId, string Channel, string Status, bool Bookable, string? Theme, VenueView Venue, DateTimeOffset StartsAt, DateTimeOffset EndsAt);

/// <summary>The codes of a drive: one for each channel, made when it is first asked for, the same ever after.</summary>
internal static class DriveCode
{
    private const string Alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    /// <summary>Ten of 62 characters, by chance: an unlisted drive can't be found by trying.</summary>
    public const int Length = 10;

    /// <summary>Takes the drive's code of the channel, or makes it; whoever comes at the same moment gets the same.</summary>
    public static Task<string> For(Transaction tx, Guid drive, string channel) => tx.Read("""
        insert into event.code (code, drive_id, channel, created_at) values (@code, @drive, @channel, @now) on conflict on constraint code_one_per_channel do nothing;
        select code from event.code where drive_id = @drive and channel = @channel
        """, new { code = RandomNumberGenerator.GetString(Alphabet, Length), drive, channel, now = tx.Now }, grid => grid.ReadSingleAsync<string>());

    /// <summary>Where the code leads to: the gateway's public address.</summary>
    public static string Url(IConfiguration configuration, string code) => (configuration["Platform:Issuer"] ?? "http://localhost:8080").TrimEnd('/') + "/q/" + code;

    /// <summary>A drive that has not been approved is nobody's business yet; whoever holds the code of another was meant to, whatever its visibility.</summary>
    public static bool Shows(DriveRow drive) => drive.Status is not ("draft" or "submitted");
}
