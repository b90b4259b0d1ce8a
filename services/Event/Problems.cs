using BloodPlatform.Chassis;

namespace BloodPlatform.Drives;

/// <summary>Why this service says no, a line each. Codes are published: add, never change.</summary>
public static class Problems
{
    public static readonly ProblemCode OutsideOwnSubtree = new("outside_own_subtree", 403, "只能在本组织之下操作", "Only within your own organisation");
    public static readonly ProblemCode OutsideOwnArea = new("outside_own_area", 403, "不在本机构负责的地区", "Outside the area one is responsible for");
    public static readonly ProblemCode StepOutOfOrder = new("step_out_of_order", 409, "当前状态不允许此操作", "The present status does not allow this step");
    public static readonly ProblemCode NotADraft = new("not_a_draft", 409, "只有草稿可以修改", "Only a draft can be changed");
    public static readonly ProblemCode TooEarly = new("too_early", 409, "活动开始前两小时方可开始", "A drive can be started from two hours before it begins");
    public static readonly ProblemCode DriveOver = new("drive_over", 409, "活动时间已过", "The drive's time is over");
    public static readonly ProblemCode StationMissing = new("station_missing", 409, "尚未确定采血机构", "No blood station has taken the drive on yet");
    public static readonly ProblemCode AtRequired = new("at_required", 422, "补录的活动须注明操作发生的时间（at）", "A backfilled drive needs the time at which the step happened (at)");
    public static readonly ProblemCode AtOnlyBackfilled = new("at_only_backfilled", 422, "只有补录的活动可注明 at", "Only a backfilled drive takes the time of a step (at)");
    public static readonly ProblemCode DriveNotOpen = new("drive_not_open", 409, "该活动当前不接受预约", "The drive takes no bookings now");
    public static readonly ProblemCode SlotUnknown = new("slot_unknown", 422, "该活动没有此时段", "The drive has no such slot");
    public static readonly ProblemCode SlotOver = new("slot_over", 409, "该时段已结束", "The slot has ended");
    public static readonly ProblemCode SlotFull = new("slot_full", 409, "该时段已约满", "The slot is full");
    public static readonly ProblemCode PlacesLeft = new("places_left", 409, "尚有名额，可直接预约", "There are places left: book one");
    public static readonly ProblemCode AlreadyWaiting = new("already_waiting", 409, "已在候补名单中", "Already on the wait-list");
    public static readonly ProblemCode OfferOver = new("offer_over", 409, "没有可接受的候补名额", "No place is held for this entry");
    public static readonly ProblemCode ProvisionalSettled = new("provisional_settled", 409, "该预留名额已登记、退回或失效", "The held place has been booked, given back or has lapsed");
    public static readonly ProblemCode AlreadyBooked = new("already_booked", 409, "已有预约，或与另一预约间隔不足", "Already booked here, or too close to another booking");
    public static readonly ProblemCode NotEligible = new("not_eligible", 422, "该日期不可预约献血", "Giving blood is not possible on that date");
    public static readonly ProblemCode ProcedureNotOffered = new("procedure_not_offered", 422, "该活动不提供此献血方式", "The drive does not offer this procedure");
    public static readonly ProblemCode AppointmentSettled = new("appointment_settled", 409, "该预约已到场、取消或爽约", "The appointment has been kept, cancelled or missed");
    public static readonly ProblemCode FigureAlreadyReported = new("figure_already_reported", 409, "同一来源已就该对象和期间报告过不同数字", "The same source has already reported this measure of the subject and period");
    public static readonly ProblemCode ActivityVoided = new("activity_voided", 409, "该宣传记录已作废", "The activity has been taken back");
    public static readonly ProblemCode CoordinatorPresent = new("coordinator_present", 409, "现任联系人须先交接", "The present coordinator hands over first");
    public static readonly ProblemCode OrganisationCycle = new("organisation_cycle", 422, "组织不能移到自身或其下级之下", "An organisation cannot stand below itself");
    public static readonly ProblemCode TreeTooDeep = new("tree_too_deep", 422, "组织层级过多", "The tree would have too many levels");
    public static readonly ProblemCode AlreadyThere = new("already_there", 409, "组织已在该上级之下", "The organisation already stands there");
    public static readonly ProblemCode MovedSince = new("moved_since", 409, "该日期之后已有其他调整", "Something it touches has moved since that day");
    public static readonly ProblemCode RruleInvalid = new("rrule_invalid", 422, "重复规则（RRULE）有误", "The recurrence rule cannot be followed");
    public static readonly ProblemCode RruleNeverEnds = new("rrule_never_ends", 422, "重复规则没有终点（须有 COUNT 或 UNTIL）", "The recurrence rule never ends");
    public static readonly ProblemCode RruleTooMany = new("rrule_too_many", 422, "重复规则产生的日期过多或过远", "The recurrence rule yields too many days, or days too far away");
    public static readonly ProblemCode RruleYieldsNothing = new("rrule_yields_nothing", 422, "重复规则不产生任何日期", "The recurrence rule yields no day");
    public static readonly ProblemCode AllDaysExcluded = new("all_days_excluded", 422, "所有日期均被排除日历排除", "The exclusion calendars leave no day of the series");
    public static readonly ProblemCode SeriesEnded = new("series_ended", 409, "该系列活动已结束", "The series has ended");
    public static readonly ProblemCode RequestSettled = new("request_settled", 409, "该申请已有结果或已过期", "The request has been taken, declined or has expired");
    public static readonly ProblemCode OfferUnknown = new("offer_unknown", 422, "没有此项可选日期", "The request has no such offer");
    public static readonly ProblemCode OfferExpired = new("offer_expired", 409, "可选日期已过期", "The offered dates have expired");
    public static readonly ProblemCode SiteUnknown = new("site_unknown", 422, "采血机构没有此采血点或采血车", "The drive's station has no such site or vehicle");
    public static readonly ProblemCode SiteNotQualified = new("site_not_qualified", 409, "采血点资质在活动当日无效", "The site is not qualified on the drive's day");
    public static readonly ProblemCode SiteInUse = new("site_in_use", 409, "已批准的活动晚于该资质有效期", "Approved drives take place there later than it would be qualified");
    public static readonly ProblemCode VehicleTaken = new("vehicle_taken", 409, "采血车同一时间已安排其他活动", "The vehicle is at another drive then");
    public static readonly ProblemCode CapacityAboveSite = new("capacity_above_site", 409, "名额超过床位和人员的接待能力，须说明理由", "More places than beds and staff allow; say why");
    public static readonly ProblemCode FieldLocked = new("field_locked", 409, "活动批准后该字段已锁定", "The field is locked since the drive was approved");
    public static readonly ProblemCode CapacityBelowBookings = new("capacity_below_bookings", 409, "名额不能少于已预约人数", "Fewer places than are booked");
    public static readonly ProblemCode NothingOffered = new("nothing_offered", 409, "采血机构尚未提供可选日期", "No dates have been offered yet");
    public static readonly ProblemCode RosterUnreadable = new("roster_unreadable", 422, "名单中没有可用的人员", "The list has nobody who can be invited");
    public static readonly ProblemCode ClaimByTooLate = new("claim_by_outside", 422, "领取期限须晚于现在且不晚于活动结束", "claimBy must lie ahead, and before the drive's end");
    public static readonly ProblemCode MemberAlreadyInvited = new("member_already_invited", 409, "该成员已在本次活动的名单中", "This member is invited to the drive already");
    public static readonly ProblemCode InvitationOver = new("invitation_over", 409, "该邀请已失效", "The invitation has lapsed");
    public static readonly ProblemCode InvitationBooked = new("invitation_booked", 409, "被邀请人已预约，不能更换", "The invited person has booked: the row cannot be replaced");
    public static readonly ProblemCode ClaimCodeMistyped = new("claim_code_mistyped", 422, "领取码输入有误", "The claim code is mistyped");
    public static readonly ProblemCode ClaimCodeUnknown = new("claim_code_unknown", 404, "领取码不存在或已更换", "No invitation has this claim code, or it was replaced");
    public static readonly ProblemCode ClaimCodeUsed = new("claim_code_used", 409, "领取码已被使用", "The claim code was used already");
    public static readonly ProblemCode ClaimCodeExpired = new("claim_code_expired", 409, "领取码已过期", "The claim code has expired");
    public static readonly ProblemCode ClaimCodeOfOtherDrive = new("claim_code_of_other_drive", 422, "领取码属于另一场活动", "The claim code is for another drive");
    public static readonly ProblemCode AlreadyInvited = new("already_invited", 409, "此人已领取本次活动的另一邀请", "This person has claimed another invitation to the drive");
    public static readonly ProblemCode NothingBookable = new("nothing_bookable", 409, "没有可预约的名额，请先安排采血活动", "Nobody could book: schedule places first");
    public static readonly ProblemCode AppealRunning = new("appeal_running", 409, "该血型已有正在进行的招募", "An appeal for this group is running");
    public static readonly ProblemCode AppealOver = new("appeal_over", 409, "该招募已结束", "The appeal is over");
    public static readonly ProblemCode AppealUnknown = new("appeal_unknown", 422, "没有此项招募", "There is no such appeal");
    public static readonly ProblemCode CampaignOver = new("campaign_over", 409, "该专项行动已结束或已撤销", "The campaign has ended or was withdrawn");
}
