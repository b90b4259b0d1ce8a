using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Event;

namespace BloodPlatform.Donors.Tests.Features;

public sealed class NoticeTests(DonorService fixture)
{
    private readonly ServiceUnderTest service = fixture.Service;

    private static NoticeRequested Notice(Guid donor, int hours = 1) => new()
    {
        EventId = Some.Id(), Key = Some.Id().ToString(), Version = 1, OccurredAt = TimeProvider.System.GetUtcNow(), NoticeId = Some.Id(), DonorId = donor, Purpose = "booking", TemplateCode = "drive-cancelled",
        References = new(DriveId: Some.Id(), AppointmentId: Some.Id(), AlternativeDriveIds: [Some.Id()]), NotBefore = TimeProvider.System.GetUtcNow().AddHours(-1), NotAfter = TimeProvider.System.GetUtcNow().AddHours(hours),
    };

    [Fact]
    public async Task What_Event_has_to_tell_is_told_once_to_who_agreed_as_he_wishes_and_in_time()
    {
        var station = new SomeStation(service);
        async Task<Guid> Donor(params string[] consents) =>
            (await station.Client.Post("/v1/donors", new { name = "丁测试", document = new { kind = "resident-id", number = SomeStation.ResidentId(SomeStation.Adult) }, phone = "13900000005", consents })).Id;
        var (willing, unwilling) = (await Donor("registration", "contact"), await Donor("registration"));
        Assert.Equal(200, (await station.Client.Put($"/v1/donors/{willing}/contact-preferences", new { reminders = "never", channels = new[] { "sms", "app" } }, "\"0\"")).Status);
        var notice = Notice(willing);
        await service.Deliver(notice, notice, Notice(unwilling), Notice(willing, hours: -1), Notice(Some.Id()));
        var contact = Assert.Single(await service.Published<ContactRequested>(), e => e.DonorId == willing);
        Assert.Equal((notice.NoticeId, "booking", "drive-cancelled", notice.References.AppointmentId), (contact.ContactId, contact.Purpose, contact.TemplateCode, contact.References.AppointmentId));
        Assert.Equal(["sms", "app"], contact.Channels);
        Assert.Equal(notice.References.AlternativeDriveIds, contact.References.AlternativeDriveIds);
        Assert.DoesNotContain(await service.Published<ContactRequested>(), e => e.DonorId == unwilling);
    }
}
