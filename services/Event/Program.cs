using BloodPlatform.Chassis;
using BloodPlatform.Contracts.Donor;
using BloodPlatform.Contracts.Inventory;
using BloodPlatform.Drives.Features.Activities;
using BloodPlatform.Drives.Features.Appeals;
using BloodPlatform.Drives.Features.Appointments;
using BloodPlatform.Drives.Features.Calendar;
using BloodPlatform.Drives.Features.Campaigns;
using BloodPlatform.Drives.Features.Codes;
using BloodPlatform.Drives.Features.DriveRequests;
using BloodPlatform.Drives.Features.Drives;
using BloodPlatform.Drives.Features.Figures;
using BloodPlatform.Drives.Features.Invitations;
using BloodPlatform.Drives.Features.Organisations;
using BloodPlatform.Drives.Features.Projections;
using BloodPlatform.Drives.Features.Provisional;
using BloodPlatform.Drives.Features.Series;
using BloodPlatform.Drives.Features.Sites;
using BloodPlatform.Drives.Features.Waitlist;

namespace BloodPlatform.Drives;

/// <summary>The whole service on one screen: what it hears, which constraints settle its races, what it answers.</summary>
public static class Program
{
    public static PlatformService Create(string[] args)
    {
        var service = PlatformService.Create("event", args, typeof(Program).Assembly);
        service.Builder.Services.AddValidation();
        service.Builder.Services.AddHostedService<OfferPlaces>().AddHostedService<RemindBooked>().AddHostedService<LapseProvisional>().AddHostedService<LapseInvitations>().AddHostedService<EraseRosters>().AddHostedService<PlanSeries>().AddHostedService<OpenStanding>().AddHostedService<TendAppeals>().AddHostedService<CloseOverdue>();
        service.Builder.Services.AddSingleton<ClaimGuesses>().AddSingleton<HoldAttempts>();
        return service
            .Consumes<DonorRegistered>(OnDonorRegistered.Handle).Consumes<DonorChanged>(OnDonorChanged.Handle).Consumes<DonorErased>(OnDonorErased.Handle)
            .Consumes<DonorsMerged>(OnDonorsMerged.Handle).Consumes<DonorsUnmerged>(OnDonorsUnmerged.Handle)
            .Consumes<DonorEligibilityChanged>(OnDonorEligibilityChanged.Handle).Consumes<RuleSetPublished>(OnRuleSetPublished.Handle)
            .Consumes<VisitOpened>(OnVisitOpened.Handle).Consumes<VisitDeferred>(OnVisitDeferred.Handle)
            .Consumes<VisitAbandoned>(OnVisitAbandoned.Handle).Consumes<VisitCompleted>(OnVisitCompleted.Handle)
            .Consumes<DonationCollected>(OnDonationCollected.Handle).Consumes<DonationCorrected>(OnDonationCorrected.Handle).Consumes<DonationVoided>(OnDonationVoided.Handle).Consumes<DonationFirstTimeChanged>(OnDonationFirstTimeChanged.Handle)
            .Consumes<StockLevelChanged>(OnStockLevelChanged.Handle)
            .Runs(TellCancelled.Kind, TellCancelled.Step).Runs(ReviewBookings.Kind, ReviewBookings.Step)
            .Constraint("booking_interval_kept", Problems.AlreadyBooked)
            .Constraint("vehicle_at_one_drive", Problems.VehicleTaken).Constraint("drive_site_is_known", Problems.SiteUnknown).Constraint("drive_vehicle_is_known", Problems.SiteUnknown)
            .Constraint("waiting_once", Problems.AlreadyWaiting)
            .Constraint("invitation_member_once", Problems.MemberAlreadyInvited)
            .Constraint("invitation_donor_once", Problems.AlreadyInvited)
            .Constraint("slot_walk_ins_fit", Problems.SlotFull)
            .Constraint("slot_never_overbooked", Problems.SlotFull)
            .Constraint("appointment_one_per_donor_per_drive", Problems.AlreadyBooked)
            .Constraint("appeal_running_once", Problems.AppealRunning).Constraint("appointment_appeal_is_known", Problems.AppealUnknown)
            .Constraint("reported_figure_once", Problems.FigureAlreadyReported)
            .Map(
                RegisterOrganisation.Map, GetOrganisation.Map, ListOrganisations.Map, ChangeOrganisation.Map, GetOrganisationTree.Map, GetOrganisationResults.Map,
                MoveOrganisation.Map, GetOrganisationHistory.Map, HandOverCoordinator.Map, ListCoordinators.Map, ForgetCoordinator.Map, SetTarget.Map, ListTargets.Map, AssignResponsibilities.Map,
                CreateDrive.Map, GetDrive.Map, ListDrives.Map, ChangeDrive.Map, ListSlots.Map, GetDriveResults.Map,
                SubmitDrive.Map, ApproveDrive.Map, OpenDrive.Map, StartDrive.Map, CloseDrive.Map, CancelDrive.Map, PostponeDrive.Map, ChangeCapacity.Map, ListDriveChanges.Map,
                RegisterSite.Map, ReplaceSite.Map, GetSite.Map, ListSites.Map, ProposeCapacity.Map,
                GetQrCode.Map, GetPoster.Map, GetCode.Map, ShowPage.Map, SetLaunchTemplate.Map, SetMiniProgramCode.Map, ListCodes.Map, RecordActivity.Map, ListActivities.Map, VoidActivity.Map, CreateCampaign.Map, ListCampaigns.Map, GetCampaignProgress.Map, EndCampaign.Map,
                OpenAppeal.Map, ListAppeals.Map, CloseAppeal.Map,
                BookAppointment.Map, GetAppointment.Map, ListAppointments.Map, MoveAppointment.Map, CancelAppointment.Map,
                JoinWaitlist.Map, AcceptOffer.Map, LeaveWaitlist.Map, ListWaiting.Map,
                InviteGroup.Map, GetGroupBooking.Map, CloseGroupBooking.Map, ReplaceInvited.Map, ClaimInvitation.Map,
                HoldPlace.Map, ListProvisional.Map, ConfirmProvisional.Map,
                GetDrivesCalendar.Map, AskForDrive.Map, OfferDates.Map, TakeOffer.Map, DeclineRequest.Map, GetDriveRequest.Map, ListDriveRequests.Map,
                CreateSeries.Map, GetSeries.Map, ListSeries.Map, ListOccurrences.Map, ChangeSeries.Map, EndSeries.Map,
                CreateCalendar.Map, ReplaceCalendar.Map, GetCalendar.Map, ListCalendars.Map, ListCommemorativeDays.Map,
                ReportFigure.Map, GetReportedFigure.Map, ListReportedFigures.Map, GetStatistics.Map);
    }

    public static Task<int> Main(string[] args) => Create(args).Run();
}
