using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Event;
using BloodPlatform.Donors.Data;
using BloodPlatform.Donors.Features.ContactPreferences;

namespace BloodPlatform.Donors.Features.Projections;

/// <summary>
/// Event has something to tell a donor about his place: the apps that act for him are asked to, as he wishes it. Nobody who did not agree to be contacted,
/// or is no donor any more, and nothing that comes too late to be of use.
/// </summary>
public static class OnNoticeRequested
{
    public static async Task Handle(NoticeRequested e, Transaction tx, IServiceProvider services)
    {
        if (e.NotAfter <= tx.Now) return;
        var (vault, books) = (services.GetRequiredService<Vault>(), services.GetRequiredService<RuleBooks>());
        var (donor, wish) = await tx.Read(DonorFile.Locked + PreferenceRow.OfPerson, new { donorId = e.DonorId }, async grid => (await DonorFile.Read(grid, vault, books), await grid.ReadSingleOrDefaultAsync<PreferenceRow>()));
        if (donor is null || donor.Restricted) return;
        donor.RequestContact(tx, e.Purpose, e.TemplateCode, e.References, e.NotBefore, e.NotAfter - e.NotBefore, e.StationId, wish?.Channels, e.NoticeId);
        donor.Save(tx);
    }
}
